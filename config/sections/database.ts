import { address, choice, existingName, flag, identifier, list, text, whole } from "../values/fields";
import { key, type Rule, section } from "../values/key";

/** What libpq knows, on the host; the engine's provider (lib/pq) knows neither allow nor prefer. */
const SSLMODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
const ADMIN_SSLMODES = ["disable", "require", "verify-ca", "verify-full"] as const;

/** An authority's certificate that no connection would be held against. */
const caIsUsed: Rule = (given, fault) => {
  const fromHost = given.value("fromHost") as { sslmode?: string } | undefined;
  const modes = [given.value("sslmode"), fromHost?.sslmode ?? given.value("sslmode")];
  if (!given.has("caFile") || modes.some((mode) => mode !== "disable")) return;
  fault(
    "sslmode",
    { en: 'is "disable", and caFile is given', fr: 'vaut "disable", alors que caFile est donné' },
    {
      en: "pulumi config set --path vn-sync-check:database.sslmode verify-full, or take caFile away",
      fr: "pulumi config set --path vn-sync-check:database.sslmode verify-full, ou enlever caFile",
    },
  );
};

/** The database, as the operator's machine and as the host reach it, and the names of what is in it. */
export const database = {
  database: section(
    {
      en: "The PostgreSQL database, as this machine reaches it",
      fr: "La base PostgreSQL, telle que ce poste la joint",
    },
    {
      address: key(address, {
        required: true,
        example: "db.example.org",
        en: "Address of its server",
        fr: "Adresse du serveur PostgreSQL",
      }),
      port: key(whole(1, 65_535), {
        default: 5432,
        en: "Port of its server",
        fr: "Port du serveur PostgreSQL",
      }),
      name: key(existingName, {
        required: true,
        example: "geonature2db",
        en: "Its name",
        fr: "Son nom",
      }),
      sslmode: key(choice(ADMIN_SSLMODES), {
        default: "require",
        en: "How the connection is protected: disable, require, verify-ca or verify-full",
        fr: "Protection de la connexion : disable, require, verify-ca ou verify-full",
      }),
      caFile: key(text, {
        example: "./ca.crt",
        en: "File on this machine with the certificate of the authority that signed the server's (PEM), for verify-ca and verify-full; the host gets its text too",
        fr: "Fichier de ce poste avec le certificat de l'autorité qui a signé celui du serveur PostgreSQL (PEM), pour verify-ca et verify-full ; le serveur des tâches en reçoit le texte",
      }),
      adminUser: key(existingName, {
        required: true,
        example: "postgres",
        en: "An administrator's login: a superuser, or one with CREATEROLE that owns the main tables",
        fr: "Connexion d'administration : un superutilisateur, ou un rôle CREATEROLE propriétaire des tables principales",
      }),
      adminPassword: key(text, {
        required: true,
        secret: true,
        en: "Its password; used while `pulumi up` runs, never stored on the host",
        fr: "Son mot de passe ; il sert pendant `pulumi up` et n'est jamais écrit sur le serveur",
      }),
      fromHost: section(
        {
          en: "How the host reaches the same database, where that is otherwise",
          fr: "Comment le serveur des tâches joint la même base, si c'est autrement",
        },
        {
          address: key(address, {
            like: "database.address",
            example: "127.0.0.1",
            en: "Address of the database's server",
            fr: "Adresse du serveur PostgreSQL",
          }),
          port: key(whole(1, 65_535), {
            like: "database.port",
            example: 5432,
            en: "Port of the database's server",
            fr: "Port du serveur PostgreSQL",
          }),
          sslmode: key(choice(SSLMODES), {
            like: "database.sslmode",
            example: "prefer",
            en: "As libpq knows it: disable, allow, prefer, require, verify-ca or verify-full",
            fr: "Tel que libpq le connaît : disable, allow, prefer, require, verify-ca ou verify-full",
          }),
        },
      ),
      mainSchema: key(identifier, {
        default: "src_vn_json",
        en: "Schema of the main copy",
        fr: "Schéma de la copie principale",
      }),
      monitoringSchema: key(identifier, {
        default: "dbadmin",
        en: "Schema of the monitoring table",
        fr: "Schéma de la table de suivi",
      }),
      dataOwner: key(identifier, {
        example: "vn_check_owner",
        en: "Role that owns the downloaded data; without it `<account>_owner`, which is made",
        fr: "Rôle propriétaire des données téléchargées ; sans lui `<compte>_owner`, qui est créé",
      }),
      readers: key(list(existingName), {
        default: [],
        example: ["qgis"],
        en: "Roles that may look at the two views mv_data_missing_or_not_updated and qgis_data, in QGIS for example",
        fr: "Rôles qui peuvent consulter les deux vues mv_data_missing_or_not_updated et qgis_data, dans QGIS par exemple",
      }),
    },
    caIsUsed,
  ),
};

export const databaseLife = {
  oldDatabaseGone: key(flag, {
    default: false,
    en: "True while a database that is gone for good is replaced, or destroyed (`pulumi destroy --run-program`): nothing is removed from it",
    fr: "true le temps de remplacer une base disparue pour de bon, ou de détruire sans elle (`pulumi destroy --run-program`) : rien n'y est enlevé",
  }),
  passwordGeneration: key(whole(1, 1_000_000), {
    default: 1,
    en: "Another number makes a new password for the synchronisation's database login",
    fr: "Un autre nombre donne un nouveau mot de passe à la connexion de la synchronisation",
  }),
  destroyData: key(flag, {
    default: false,
    free: true,
    en: "True, then `pulumi up`, makes the next `pulumi destroy` remove the data too (check tables, monitoring); that `up` prints how many rows",
    fr: "true, puis `pulumi up`, et le prochain `pulumi destroy` enlève aussi les données (tables de contrôle, suivi) ; ce `up` dit combien de lignes",
  }),
};
