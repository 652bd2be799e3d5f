import { Command, CommanderError, InvalidArgumentError } from "commander";
import { likelyLocale } from "./context";
import { EXIT, RunError } from "./errors";
import { textsOf } from "./text";
import { daily } from "./verbs/daily";
import { init } from "./verbs/init";
import { repair } from "./verbs/repair";
import { status } from "./verbs/status";
import { watch } from "./verbs/watch";
import { weekly } from "./verbs/weekly";

process.umask(0o077);

const texts = textsOf(likelyLocale());
const help = texts.help;

function program(done: (code: number) => void): Command {
  const vnCheck = new Command("vn-check").description(help.program).addHelpText("after", `\n${help.codes}`);
  const verb = (name: string, description: string) =>
    vnCheck
      .command(name)
      .description(description)
      .option("--verbose", help.verbose)
      .addHelpText("after", `\n${help.codes}`);
  const run =
    <O extends unknown[]>(work: (...args: O) => Promise<number>) =>
    async (...args: O) =>
      done(await work(...args));

  verb("init", help.init).option("--background", help.background).action(run(init));
  verb("daily", help.daily).action(run(daily));
  verb("weekly", help.weekly).option("--believe", help.believe).action(run(weekly));
  verb("watch", help.watch).action(run(watch));
  verb("repair", help.repair)
    .option("--dry-run", help.dryRun)
    .option("--all", help.all)
    .option("--accept <n>", help.accept, wholeNumber)
    .action(run(repair));
  verb("status", help.status).option("--json", help.json).action(run(status));
  verb("transfer_vn_full_2w", help.fullTwoWeeks)
    .argument("<config>", help.config)
    .argument("<service>", help.service)
    .action(
      run((config: string, service: string, options: { verbose?: boolean }) =>
        weekly({ ...options, overrides: { config, service } }),
      ),
    );
  return vnCheck;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("1, 2, 3 …");
  return number;
}

async function main(): Promise<number> {
  let code: number = EXIT.done;
  const vnCheck = program((ended) => {
    code = ended;
  });
  for (const command of [vnCheck, ...vnCheck.commands]) command.exitOverride();
  try {
    await vnCheck.parseAsync(process.argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.failed;
    process.stderr.write(
      `vn-check: ${error instanceof RunError ? texts.problem(error.problem) : String((error as Error).stack)}\n`,
    );
    return EXIT.failed;
  }
}

main().then(
  // The log is written synchronously; a connection that hangs must not keep a finished run alive.
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`${error}\n`);
    process.exit(EXIT.failed);
  },
);
