// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Delivery
import IntegrationEvents
import Octets
import PostgresWire
import Relay
import Settings

/// `tailrace dead-letters`: what could not be delivered.
struct DeadLettersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters", abstract: "Lists, shows, redrives and drops what could not be delivered.",
    subcommands: [List.self, Show.self, Redrive.self, Drop.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints a header and a line a letter, by position: position, id, key, reason, attempts.",
      discussion: "What could steer a terminal or end a line is shown as JSON escapes it. --json has everything.")
    @OptionGroup var store: LetterStoreOptions
    @OptionGroup var filter: LetterFilter

    @Flag(help: "Print each letter whole, as a line of JSON.")
    var json = false

    @Flag(help: "Print only how many there are.")
    var count = false

    @Option(help: ArgumentHelp("Print no more than so many.", valueName: "number"))
    var limit: Int?

    @Option(help: ArgumentHelp("Only those behind a position: the last one's of a page.", valueName: "position"))
    var after: LetterPosition?

    func validate() throws {
      guard limit.map({ $0 > 0 }) ?? true else { throw ValidationError("--limit: at least 1") }
      guard !count || !json && limit == nil else { throw ValidationError("--count: goes without --json and --limit") }
    }

    func run() throws {
      try reportingErrors { try store.use(list) }
    }

    private func list(_ letters: any DeadLetterStore) throws {
      var number = 0
      var isBegun = false
      var mark = after.map { LetterMark($0.position, .max) }
      repeat {
        let page = try letters.letters(
          matching: store.narrowed(filter.query), after: mark, limit: min(200, limit.map { $0 - number } ?? .max))
        // Not above letters that cannot be read.
        if !isBegun, !count, !json { print("position\tid\tkey\treason\tattempts") }
        isBegun = true
        if !count { for letter in page.letters { print(json ? shown(letter) : line(letter)) } }
        number += page.letters.count
        mark = page.next
      } while mark != nil && limit.map({ number < $0 }) ?? true
      if count { print(number) }
    }

    private func line(_ letter: DeadLetter) -> String {
      [letter.position.sequence, letter.id, letter.key, letter.reason, "\(letter.attempts)"]
        .map { "\(ForeignText($0))" }.joined(separator: "\t")
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prints a letter whole, as JSON.")
    @OptionGroup var store: LetterStoreOptions
    @Argument(help: "The event's id, or the position of a row.") var id: String

    func run() throws {
      try reportingErrors {
        var count = 0
        try store.use { letters in
          try letters.forEachPage(matching: store.narrowed(LetterQuery())) { (letters) throws(Failure) in
            for letter in letters where letter.id == id || letter.position.sequence == id {
              print(shown(letter))
              count += 1
            }
          }
        }
        guard count > 0 else { throw ValidationError("there is no dead letter '\(ForeignText(id))'") }
      }
    }
  }

  struct Drop: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Removes letters for good.")
    @OptionGroup var store: LetterStoreOptions
    @OptionGroup var selection: LetterSelection
    @OptionGroup var cleanUp: LetterCleanUpOptions

    func run() throws {
      try reportingErrors {
        try store.use(cleaning: cleanUp) { letters in
          let query = store.narrowed(selection.query)
          say("info: dropped \(try letters.removeAll(matching: query)) dead letters")
          try letters.awaitParking()
          var more = 0
          try letters.forEachPage(matching: query) { more += $0.count }
          guard more > 0 else { return }
          say("warning: \(more) more \(more == 1 ? "was" : "were") kept meanwhile: drop or redrive them too")
        }
      }
    }
  }

  struct Redrive: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delivers letters again, by position; each is gone only when it has been delivered.",
      discussion: """
        A letter that is refused again stays, and with it the later ones of its aggregate. With --contracts, so does one \
        whose event breaks its contract.
        """)
    @OptionGroup var store: LetterStoreOptions
    @OptionGroup var selection: LetterSelection
    @OptionGroup var cleanUp: LetterCleanUpOptions
    @OptionGroup var contracts: ContractOptions
    @OptionGroup var sink: SinkOptions
    @OptionGroup var logging: LogOptions

    @Option(help: ArgumentHelp("How long a first SIGTERM or SIGINT waits for the sink.", valueName: "duration"))
    var drainTimeout = TimeSpan(.seconds(30))

    func validate() throws {
      var settings = RelaySettings()
      (settings.sink, settings.contracts) = (sink.settings, contracts.settings)
      try Flags.checking { () throws(Failure) in try settings.validate() }
      if case .file = try Flags.checking({ () throws(Failure) in try settings.sink.place() }) {
        throw ValidationError("--sink: dead letters go to stdout, an https:// address or a broker")
      }
    }

    func run() throws {
      try reportingErrors {
        let control = RunControl()
        try Signals.direct(to: control)
        let limit = drainTimeout.duration
        let hook = try contracts.settings.makeHook(for: sink.settings, tell: { say("warning: \($0)") })
        for warning in sink.settings.warnings { say("warning: \(Flags.text(warning))") }
        try sink.settings.checkDestination(isCancelled: { control.isStopRequested }) {
          say("warning: \($0.text(Flags.text)); trying again")
        }
        try store.use(cleaning: cleanUp, retries: true, isCancelled: { control.isStopRequested(since: limit) }) {
          letters in
          let redriver = Redriver(
            letters, control, drainTimeout: limit, payloadHook: hook, log: logging.logger(),
            tell: logging.logger().tell,
            onWait: { say("warning: \($0.text(Flags.text)); trying again") },
            sink: { (office) throws(Failure) in
              try sink.settings.makeDetached(office, encoding: hook?.encoding)
            })
          try report(redriver.run(store.narrowed(selection.query)), isStopped: control.isStopRequested)
        }
      }
    }

    private func report(_ result: Redriver.Result, isStopped: Bool) throws {
      guard let left = result.left else {
        say("warning: redrove \(result.delivered) dead letters, and gave up waiting for others, which are left")
        throw ExitCode(FailureKind.drainGivenUp.exitCode)
      }
      if let refusal = result.refusal {
        let words = "\(result.refused) of those that are left break their contracts, the first: \(Flags.text(refusal))"
        say("warning: \(words)")
      }
      say("info: redrove \(result.delivered) dead letters, \(left) left")
      if left > 0, !isStopped { throw ExitCode(FailureKind.refused.exitCode) }
    }
  }
}

/// A letter as JSON that may be shown on a terminal.
private func shown(_ letter: DeadLetter) -> String { "\(ForeignText(letter.json))" }
