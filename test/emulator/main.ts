import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { stringify } from "yaml";
import { type EmulatorOptions, type SiteOptions, startEmulator } from "./index";

const CONTROLS = `
Controls (JSON), on the same port:
  GET    /_control/                   sites, accounts, sizes
  GET    /_control/truth?site=&taxoGroup=&unit=&userEmail=&deleted=1&items=1&unreadable=1
  POST   /_control/simulate           {"action":"insert|update|delete","site":…,"count":…,"at":…,"between":[…],…}
  POST   /_control/simulate-places    {"action":…,"site":…,"count":…}
  POST   /_control/access             {"site":…,"taxoGroup":…,"mode":"none|full"}
  GET    /_control/faults             POST: one or a list; DELETE: all, or /_control/faults/ID
  GET    /_control/requests?site=&userEmail=&endpoint=&after=   DELETE: forget them

Started by a program, it is best run as \`node --import tsx test/emulator/main.ts\`: then the process to end is the
emulator itself, not npm, which would leave it running.

Example, the third search of one account fails once with 500:
  curl -d '{"kind":"status","status":500,"endpoint":"observations/search","userEmail":"check.isere@example.org","call":3}' \\
    http://127.0.0.1:PORT/_control/faults
`;

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("a whole number is wanted");
  return Number(text);
}

/** NAME or NAME=OBSERVATIONS. */
function siteOf(text: string, before: SiteOptions[] = []): SiteOptions[] {
  const [name = "", size] = text.split("=");
  return [...before, { name, ...(size === undefined ? {} : { observations: wholeNumber(size) }) }];
}

const program = new Command("emulator")
  .description("Emulates the HTTP API of VisioNature portals, for tests and for trying things by hand.")
  .option("--port <port>", "port to listen on; 0: any free one", wholeNumber, 0)
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("--seed <number>", "the same seed and moment give the same data", wholeNumber, 1)
  .option("--now <moment>", "ISO; data are seeded up to then (default: now)")
  .option("--years <number>", "years over which observations are spread", wholeNumber, 3)
  .option("--page-size <number>", "sightings in one answer", wholeNumber, 500)
  .option(
    "--site <name[=observations]>",
    "a site and its size; may be repeated (default: isere, ardeche)",
    siteOf,
  )
  .option("--options <file>", "all options as JSON (EmulatorOptions in options.ts); the others are ignored")
  .addHelpText("after", CONTROLS);

async function main(): Promise<void> {
  const given = program.parse().opts();
  const { now, site, options, ...rest } = given["options"]
    ? { options: undefined, site: undefined, ...JSON.parse(readFileSync(given["options"], "utf8")) }
    : given;
  const emulator = await startEmulator({
    ...rest,
    ...(now ? { now: new Date(now) } : {}),
    ...(site ? { sites: site } : {}),
  } as EmulatorOptions);
  const sites = [...emulator.world.sites.values()];
  for (const use of [0, 1]) {
    const block = sites.flatMap(({ name, options: { accounts } }) => {
      const account = accounts[use];
      return account ? [[name, yamlOf(emulator.url(name), account)] as const] : [];
    });
    if (block.length === 0) continue;
    console.log(`# for evn.yaml, ${use === 0 ? "first" : "second"} account of each site`);
    console.log(stringify({ site: Object.fromEntries(block) }, { lineWidth: 0 }));
  }
  console.log(
    `READY ${JSON.stringify({ port: emulator.port, sites: Object.fromEntries(sites.map(({ name }) => [name, emulator.url(name)])) })}`,
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      void emulator.close().then(() => process.exit(0));
    });
}

function yamlOf(
  site: string,
  account: { userEmail: string; userPassword: string; clientKey: string; clientSecret: string },
) {
  return {
    enabled: true,
    site,
    user_email: account.userEmail,
    user_pw: account.userPassword,
    client_key: account.clientKey,
    client_secret: account.clientSecret,
  };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
