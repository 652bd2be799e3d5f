import type { NoMail } from "../facts";

/** Why a mail did not leave by one way. `said`: the last words of program or server. */
export class MailFault extends Error {
  constructor(
    readonly why: NoMail,
    readonly said: string,
  ) {
    super(said);
  }
}
