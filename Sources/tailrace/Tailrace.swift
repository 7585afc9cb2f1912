// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLoadedImage
import PostgresWire

/// The command line. Each subcommand has a file of its own.
#if !FUZZING
  @main
#endif
struct Tailrace: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tailrace",
    abstract: "Turns the rows of a PostgreSQL outbox into integration events, without losing any.",
    discussion: """
      A first try:
        tailrace setup  --database postgresql://…/shop --publication orders --slot orders --create-table
        tailrace stream --database postgresql://…/shop --publication orders --slot orders

      Events go to standard output, messages to standard error. Without --database, TAILRACE_DATABASE counts, then what \
      psql would use (PGHOST, PGSERVICE, ~/.pgpass, …).

      Exit codes: 0 done, 64 usage, 65 bad data, 69 unavailable, 70 internal error, 73 cannot create output, 74 writing \
      failed, 77 not permitted, 78 configuration; 130 and 143 after a further signal.
      """,
    version: "0.1.0",
    subcommands: [
      StreamCommand.self, PollCommand.self, RunCommand.self, ConfigCommand.self, StatusCommand.self, SetupCommand.self,
      DoctorCommand.self, TeardownCommand.self,
      CaptureCommand.self, ReplayCommand.self, InspectCommand.self, PeekCommand.self, DeadLettersCommand.self,
      ContractsCommand.self, RedeliverCommand.self, PruneCommand.self,
      VersionCommand.self,
    ])

  /// Makes the standard descriptors safe before anything else is opened.
  static func main() {
    tailrace_forget_relocations()
    Signals.letCrashesBe()
    Signals.letWritesFail()
    Signals.letChildrenBeSeen()
    StandardDescriptors.fill()
    StandardDescriptors.checkAtExit()
    let arguments = Array(CommandLine.arguments.dropFirst())
    // Whoever has written a configuration says so at once.
    if ["poll", "run", "stream"].contains(arguments.first) { Signals.holdReopen() }
    var given = arguments
    // What is wrong with the others is said in this form too.
    if Flags.values(of: "--log-format", arguments).last == "json" { Messages.use(.json) }
    do {
      try RepeatedOptions.refuse(arguments, root: Self.self)
      given = try AddedOptions.adding(to: arguments, root: Self.self)
      let all = given
      try Flags.$speech.withValue(Flags.Speech(arguments: [CommandLine.arguments[0]] + all)) {
        var command = try parseAsRoot(all)
        try command.run()
      }
    } catch let mistakes as Mistakes {
      mistakes.say()
      exit(withError: ExitCode(mistakes.exitCode))
    } catch let failure as Failure {
      say("error: \(failure.text(Flags.text))")
      exit(withError: ExitCode(failure.kind.exitCode))
    } catch {
      // Help and the codes of commands that ran are the parser's business.
      guard exitCode(for: error) == .validationFailure, !(error is ExitCode) else { exit(withError: error) }
      var lines = CommandLineErrors.lines(error, given, root: Self.self)
      lines[0] += AddedOptions.hint(about: lines[0], written: arguments, given: given)
      for line in lines { say(line) }
      exit(withError: ExitCode.validationFailure)
    }
  }
}
