import ArgumentParser
import Delivery
import Operations
import Outbox
import PostgresWire
import Replication

/// Where dead letters are kept.
struct DeadLetterPlace: ExpressibleByArgument, Hashable {
  enum Place: Hashable {
    case file(String)
    case table(TableName)
  }

  let place: Place

  init?(argument: String) {
    if argument.hasPrefix("file:"), argument.utf8.count > 5 {
      place = .file(String(argument.dropFirst(5)))
    } else if argument.hasPrefix("table:"), let name = TableName(String(argument.dropFirst(6))) {
      place = .table(name)
    } else {
      return nil
    }
  }

  func open(_ connection: ConnectionOptions) throws(SinkError) -> any DeadLetterStore {
    switch place {
    case .file(let path): return DeadLetterFile(path: path)
    case .table(let name): return try DeadLetterTable(name, database: connection.resolved)
    }
  }
}

/// What happens to events that cannot be delivered.
struct PoisonOptions: ParsableArguments {
  enum Policy: String, ExpressibleByArgument, CaseIterable {
    case stop
    case deadLetter = "dead-letter"
  }

  @Option(help: "What to do about an event that is refused for good, or a row that cannot become one.")
  var onPoison: Policy = .stop

  @Option(help: ArgumentHelp("Where dead letters go: file:PATH or table:SCHEMA.NAME.", valueName: "place"))
  var deadLetters: DeadLetterPlace?

  @Flag(help: "Park the later events of a key behind its first dead letter, so that their order holds.")
  var parkKey = false

  func validate() throws {
    guard (onPoison == .deadLetter) == (deadLetters != nil) else {
      throw ValidationError("--on-poison dead-letter and --dead-letters go together")
    }
    guard !parkKey || deadLetters != nil else { throw ValidationError("--park-key needs --dead-letters") }
  }

  func office(_ connection: ConnectionOptions) throws(SinkError) -> DeadLetterOffice {
    guard let deadLetters else { return DeadLetterOffice() }
    return try DeadLetterOffice(try deadLetters.open(connection), parksKeys: parkKey)
  }
}
