import ArgumentParser
import Delivery
import IntegrationEvents
import Operations
import PostgresWire
import Relay
import Settings

/// `tailrace dead-letters`: what could not be delivered.
struct DeadLettersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters", abstract: "Lists, shows, redrives and drops what could not be delivered.",
    subcommands: [List.self, Show.self, Redrive.self, Drop.self])

  /// Which store.
  struct StoreOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions

    @Option(help: ArgumentHelp("Where the letters are: file:PATH or table:SCHEMA.NAME.", valueName: "place"))
    var deadLetters: LetterPlace

    func open() throws(Failure) -> any DeadLetterStore {
      let store = try deadLetters.open(database: connection.resolved)
      if let warning = (store as? DeadLetterTable)?.warning { say("warning: \(Flags.text(warning))") }
      return store
    }
  }

  /// Which letters.
  struct Selection: ParsableArguments {
    @Option(help: ArgumentHelp("Those of an aggregate id.", valueName: "key"))
    var key: String?

    @Option(help: ArgumentHelp("The one of an event id.", valueName: "id"))
    var id: String?

    @Flag(help: "All of them.")
    var all = false

    func validate() throws {
      guard [key != nil, id != nil, all].filter({ $0 }).count == 1 else {
        throw ValidationError("say which: --key, --id or --all")
      }
    }

    var query: LetterQuery { LetterQuery(key: key, id: id) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints a line a letter: position, id, key, reason, attempts.")
    @OptionGroup var store: StoreOptions

    func run() throws {
      try reportingErrors {
        try store.open().forEachPage { (letters) throws(Failure) in
          for letter in letters {
            let fields = [letter.position.sequence, letter.id, letter.key, letter.reason, "\(letter.attempts)"]
            print(fields.joined(separator: "\t"))
          }
        }
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prints a letter whole, as JSON.")
    @OptionGroup var store: StoreOptions
    @Argument(help: "The event's id, or the position of a row.") var id: String

    func run() throws {
      try reportingErrors {
        var count = 0
        try store.open().forEachPage { (letters) throws(Failure) in
          for letter in letters where letter.id == id || letter.position.sequence == id {
            print(letter.json)
            count += 1
          }
        }
        guard count > 0 else { throw ValidationError("there is no dead letter '\(id)'") }
      }
    }
  }

  struct Drop: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Removes letters for good.")
    @OptionGroup var store: StoreOptions
    @OptionGroup var selection: Selection

    func run() throws {
      try reportingErrors {
        say("dropped \(try store.open().removeAll(matching: selection.query)) dead letters")
      }
    }
  }

  struct Redrive: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delivers letters again, oldest first; each is gone only when it has been delivered.",
      discussion: "A letter that is refused again stays, and with it the later ones of its key.")
    @OptionGroup var store: StoreOptions
    @OptionGroup var selection: Selection
    @OptionGroup var sink: SinkOptions

    func validate() throws {
      let settings = sink.settings
      try Flags.checking { () throws(Failure) in try settings.validate(.cloudevents) }
      if case .file = try Flags.checking({ () throws(Failure) in try settings.place() }) {
        throw ValidationError("--sink: dead letters go to stdout or an https:// address")
      }
    }

    func run() throws {
      try reportingErrors {
        let control = RunControl()
        Signals.direct(to: control)
        let opened = try store.open()
        for warning in sink.settings.warnings { say("warning: \(Flags.text(warning))") }
        var redriver = Redriver(opened, control, sink: sink.settings.makeDetached)
        let result = try redriver.run(selection.query)
        say("redrove \(result.delivered) dead letters, \(result.left) left")
        if result.left > 0, !control.isStopRequested { throw ExitCode(FailureKind.refused.exitCode) }
      }
    }
  }
}
