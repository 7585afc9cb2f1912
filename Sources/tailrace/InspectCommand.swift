// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture
import Octets
import PgOutput
import PostgresWire
import Relay

/// `tailrace inspect`: every message of a recording, readable.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows every decoded message of a recording, with its values.",
    discussion: "Reads what replay reads. Damage ends it with an error that says where, after all that is whole.")

  @Argument(help: ArgumentHelp("The recording; - reads standard input.", valueName: "path"), completion: .file())
  var path: String

  @Flag(help: "Print a JSON object a line.")
  var json = false

  func run() throws {
    try reportingErrors {
      try Inspection.run(path) { message, lsn, bytes, relations in
        print(
          json
            ? "\(ForeignText(MessageDescription.json(message, lsn, bytes, &relations)))"
            : "\(ForeignText(MessageDescription.text(message, lsn, bytes, &relations)))")
      }
    }
  }
}

/// Going through the messages of a recording.
enum Inspection {
  /// Calls `body` with each message, its position, its bytes and what is known of relations.
  static func run(
    _ path: String, _ body: (Message, LSN, RawSpan, inout RelationCache) -> Void
  ) throws {
    var reader = try CaptureReader(path: path)
    var decoder = Decoder()
    var failure: Failure?
    while failure == nil {
      let supply = try reader.receive { frame in
        do throws(Failure) {
          try visit(frame, &decoder, body)
          return .more
        } catch {
          failure = error
          return .enough
        }
      }
      if supply == .ended { break }
    }
    if let failure { throw failure }
  }

  /// Reads a recording through and throws what is wrong with it.
  static func check(_ path: String) throws { try run(path) { _, _, _, _ in } }

  private static func visit(
    _ frame: RawSpan, _ decoder: inout Decoder, _ body: (Message, LSN, RawSpan, inout RelationCache) -> Void
  ) throws(Failure) {
    let header: ReplicationFrame
    do { header = try ReplicationFrame.decode(from: frame) } catch {
      throw Failure(.protocol, "replication frame: \(error)")
    }
    guard case .xLogData(let data) = header else { return }
    let bytes = frame.extracting(droppingFirst: ReplicationFrame.XLogData.payloadOffset)
    do throws(DecodeError) {
      let message = try decoder.decode(bytes)
      if case .insert(let insert) = message { _ = try decoder.relation(of: insert.new, insert.relationID, in: bytes) }
      var relations = decoder.relations
      body(message, data.start, bytes, &relations)
    } catch {
      throw Failure(undecoded: error, at: data.start)
    }
  }
}
