import * as pulumi from "@pulumi/pulumi";
// In a program of your own: "vn-sync-check/components"; how to install it, README.md says.
import { configOf, VnSyncCheck } from "../../components";

const secrets = new pulumi.Config();
const LATER = "given below";

// Checks the values as the kit's own stack would, and fills in what is left out.
const config = configOf({
  locale: "en",
  adminEmail: "geomatics@example.org",
  host: { type: "local" },
  database: {
    address: "db.example.org",
    name: "geonature2db",
    adminUser: "postgres",
    adminPassword: LATER,
  },
  sites: {
    vn38: {
      url: "https://www.faune-isere.org/",
      userEmail: "check@example.org",
      userPassword: LATER,
      clientKey: LATER,
      clientSecret: LATER,
    },
  },
  repair: { references: ["observers", "places", "species"] },
});

// Secrets of this program, or outputs of its other resources, go in as they are.
const sites = Object.fromEntries(
  Object.entries(config.sites).map(([name, site]) => [
    name,
    {
      ...site,
      userPassword: secrets.requireSecret(`${name}-password`),
      clientKey: secrets.requireSecret(`${name}-key`),
      clientSecret: secrets.requireSecret(`${name}-secret`),
    },
  ]),
);
const database = { ...config.database, adminPassword: secrets.requireSecret("adminPassword") };

export const { nextSteps, status, forMainOwner } = new VnSyncCheck("birds", { ...config, sites, database })
  .outputs;

// A second one, to try things out in a database of its own: its name keeps its resources apart, its instance what it
// makes on the host.
const trial = { instance: "trial", sites, database: { ...database, name: "geonature2db_trial" } };
export const trialStatus = new VnSyncCheck("birds-trial", { ...config, ...trial }).outputs.status;
