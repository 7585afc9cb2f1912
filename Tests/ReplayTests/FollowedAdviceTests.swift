// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import TestStream
import Testing

/// Which tests make a failure, do what its advice says, and see that it helps.
@Suite struct FollowedAdviceTests {
  enum Way {
    /// The tests that follow the advice.
    case tests([String])
    /// It is tried again by itself, as tests show.
    case byItself([String])
    /// Nobody can do anything about it here, or nothing has to be done.
    case nobody(String)
  }

  /// A kind without an entry does not compile.
  static func way(_ kind: FailureKind) -> Way {
    switch kind {
    case .connectionString: .tests(["a connection string is written as it is said"])
    case .connectionSettings:
      .tests([
        "what is asked of the connection is looked up where it is said, and left",
        "an unknown parameter is the connection's, not set-up's",
      ])
    case .authentication:
      .tests([
        "a password is given in each of the ways that are said", "whom pg_hba.conf does not let in is let in there",
      ])
    case .certificate, .database:
      .tests(["TLS that cannot be had is not asked for, and a database that is not there is another"])
    case .connection:
      .byItself(["a server that comes up later is waited for", "that no database is named is said, and then one is"])
    case .privilege:
      .tests([
        "a role is given what it lacks, and nothing is made before",
        "a role that may not keep letters is given what it lacks",
        "a role that may not remove all of it removes nothing, and is given what it lacks",
      ])
    case .walLevel: .tests(["a log with too little in it is given more, and then all is well"])
    case .serverVersion:
      .tests([
        "on a standby, the primary is found as it is said", "what an old server cannot do is left to it as it is said",
        "a publication of all tables, or another kind of slot, is left for one of another name",
      ])
    case .tableMissing: .tests(["what is missing is made with the command that is printed, the table too"])
    case .tableNotPublished:
      .tests([
        "stream says how to go on", "a table without the log is made one with it",
        "a foreign table's rows are kept in a table, and a view's in what is below it",
        "columns that are left out are done without as it is said",
      ])
    case .tableReplaced:
      .tests([
        "another table under the outbox's name ends the stream soon after its first row",
        "an outbox that is taken out of the publication and put in again is told, for rows are missing",
      ])
    case .publicationMissing:
      .tests([
        "a publication that is made again does not lead in a circle",
        "what a slot cannot read through a younger publication is passed as it is said",
      ])
    case .slotMissing:
      .tests([
        "half a slot that nobody makes any more is dropped with the statement that is printed",
        "a slot that somebody makes half is ended as it is said",
      ])
    case .slotForeign:
      .tests(["a slot that is another's is left, and another one taken or its database gone to"])
    case .slotLost: .tests(["a lost slot is given up as it is said"])
    case .slotUnread: .tests(["teardown throws nothing away unless it is told to"])
    case .slotLimit: .tests(["a full server is told before anything is made, and how to make room"])
    case .slotCopy: .tests(["without a free slot it ends with 69, and works when one is free"])
    case .slotInUse: .tests(["whoever has the slot is stopped as it is said"])
    case .slotHeld:
      .byItself(["when its walsender is terminated again and again, the file has every row once"])
    case .differs:
      .tests([
        "set-up says how to change a publication", "a slot that does not follow a failover is made to",
        "statements with names that cannot be shown are pasted and work",
      ])
    case .server: .tests(["on a standby, the primary is found as it is said"])
    case .encoding: .tests(["a row that the server cannot send is told of with its slot, and can be passed"])
    case .protocol: .nobody("the server, or who stands between, does not keep to its protocol")
    case .row:
      .tests([
        "a header that can be no attribute is named, and left out as it is said",
        "a type that cannot serve is named, and done without as it is said",
        "a column that is missing is mapped, or the table is given it",
      ])
    case .abortUnclear:
      .byItself(["messages that a subtransaction takes back never come, and the sequence is that without streaming"])
    case .recording: .tests(["a recording is made in a new file, and read by its name as far as it is whole"])
    case .refused: .tests(["an event that is refused goes where it is said, or the receiver is mended"])
    case .receiver: .tests(["a receiver that wants to know who we are is shown the client's certificate"])
    case .destination: .tests(["a topic that is not there ends a stream at its start, and is made as it is said"])
    case .registry: .byItself(["a registry that comes up later is waited for, and is not asked again"])
    case .receiverGone:
      .tests(["a receiver that is gone is replaced, and one that redirects is given the address it names"])
    case .drainGivenUp: .tests(["whoever stops before the receiver has answered may wait longer"])
    case .credentials:
      .tests(["a certificate that is replaced before its key is told of, and used when the key is there"])
    case .wrongStream:
      .tests([
        "a file that cannot go on is moved away, or another one named",
        "a checkpoint of something else, or a damaged one, is passed by as it is said",
      ])
    case .serverRewound: .tests(["a server that was put back and has been written on beyond our position is refused"])
    case .gap: .tests(["a slot that was advanced or made anew behind our back is told, with both positions"])
    case .outputHeld:
      .byItself(["whoever waits for the slot takes over within a second, and the file has every row once"])
    case .cannotCreate:
      .tests([
        "whoever writes to the file is stopped, and what is missing of the way to it is made",
        "one file for events and messages is made two, and half a line is cut off or passed by",
      ])
    case .checkpointWrite:
      .tests(["whoever writes to the file is stopped, and what is missing of the way to it is made"])
    case .writeFailed: .tests(["a limit to a file's size is raised, or the file rotated"])
    case .spool: .tests(["rows of transactions in progress get another place, or more memory"])
    case .letters:
      .tests([
        "a file that holds something else than letters, or a line that is none, is passed by or put right",
        "whoever has locked the letters' table is found as it is said",
      ])
    case .lettersMissing:
      .tests([
        "a table for dead letters is made or completed with the command that is printed",
        "a table of letters that a crash of the server empties is refused, with the statement that mends it",
      ])
    case .settings: .tests(["options that do not belong together are refused"])
    case .readerGone: .nobody("it is a clean end")
    case .closed: .nobody("what was not delivered comes again")
    case .internal: .nobody("it is a defect")
    }
  }

  private static let sources: String = {
    let tests = FixtureFiles.directory.deletingLastPathComponent().appending(path: "Tests/tailraceTests")
    let files = (try? FileManager.default.contentsOfDirectory(at: tests, includingPropertiesForKeys: nil)) ?? []
    return files.compactMap { try? String(contentsOf: $0, encoding: .utf8) }.joined()
  }()

  @Test(arguments: FailureKind.allCases)
  func `the advice of each kind of failure is followed by a test, or nobody has to do anything`(kind: FailureKind) {
    switch Self.way(kind) {
    case .tests(let names), .byItself(let names):
      #expect(!names.isEmpty)
      for name in names { #expect(Self.sources.contains("func `\(name)`("), "\(name)") }
    case .nobody(let why): #expect(!why.isEmpty && (kind.advice == nil || kind == .internal))
    }
  }
}
