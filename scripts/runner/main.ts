import { Command, CommanderError, Option } from "commander";
import { speaking } from "../../config/commandLine";
import { EXIT, type ExitCode } from "./facts";
import { sendMails } from "./notify/mail";
import type { Follow } from "./run/follow";
import { likelyLocale } from "./run/run";
import { failed, texts, type Verb } from "./run/verb";
import { COMMAND } from "./text";
import { daily } from "./verbs/daily";
import { init } from "./verbs/init";
import { repair } from "./verbs/repair";
import { status } from "./verbs/status";
import { watch } from "./verbs/watch";
import { fullTwoWeeks, weekly } from "./verbs/weekly";

process.umask(0o077);

/** What follows each job. */
const FOLLOW: Follow[] = [sendMails];

const VERBS: Verb[] = [init, daily, weekly, watch, repair, status, fullTwoWeeks];

/** @param ended is told the exit code of the verb that was run */
function program(ended: (code: ExitCode) => void): Command {
  const { help } = texts;
  const vnCheck = new Command(COMMAND).description(help.program).addHelpText("after", `\n${help.codes}`);
  for (const verb of VERBS) {
    const command = vnCheck
      .command(verb.name)
      .description(verb.help(help))
      .addHelpText("after", `\n${help.codes}`);
    for (const argument of verb.arguments ?? []) command.argument(`<${argument.name}>`, argument.help(help));
    for (const { flags, parse, hidden, help: words } of verb.options) {
      const option = new Option(flags, words(help)).hideHelp(hidden ?? false);
      command.addOption(parse ? option.argParser(parse) : option);
    }
    command.action(async () => {
      const named = (verb.arguments ?? []).map(({ name }, i) => [name, command.args[i]] as const);
      ended(await verb.run({ ...command.opts(), ...Object.fromEntries(named) }, FOLLOW));
    });
  }
  return speaking(vnCheck, likelyLocale());
}

async function main(): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const vnCheck = program((ended) => {
    code = ended;
  });
  for (const command of [vnCheck, ...vnCheck.commands]) command.exitOverride();
  try {
    await vnCheck.parseAsync(process.argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.failed;
    return failed(error);
  }
}

// A screen that has gone (a terminal closed, a pipe cut off, a full disk behind it) ends no run.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

// The log is written synchronously; a connection that hangs must not keep a finished run alive.
main().then(
  (code) => process.exit(code),
  (error) => process.exit(failed(error)),
);
