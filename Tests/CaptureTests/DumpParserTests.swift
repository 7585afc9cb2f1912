// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import Capture

@Suite struct DumpParserTests {
  /// The payloads of a dump's frames.
  private func payloads(_ text: String) throws -> (payloads: [[UInt8]], error: Failure?) {
    let directory = try TemporaryDirectory()
    let (frames, error) = readAll(try directory.write(Array(text.utf8), "dump"))
    return (frames.map { Array($0.dropFirst(25)) }, error)
  }

  @Test func `plain hexadecimal`() throws {
    let directory = try TemporaryDirectory()
    let (frames, error) = readAll(try directory.write(Array("16/B374D848|747|45fF00\n".utf8), "dump"))
    #expect(error == nil)
    #expect(
      frames == [
        ReplicationFrame.xLogData(
          start: LSN(rawValue: 97_500_059_720), sentAt: PostgresTimestamp(rawValue: 0), payload: [0x45, 0xFF, 0])
      ])
  }

  @Test(
    arguments: [
      ("0/1|1|\\x4500", [0x45, 0]), ("0/1|1|\\x", []), ("0/1|1|", []), (" 0/1 | 1 | 4500 ", [0x45, 0]),
      ("0/1|1|4500\r", [0x45, 0]), (#"0/1|1|E\000\377\\|x"#, [0x45, 0, 0xFF, 0x5C, 0x7C, 0x78]),
      (#"0/1|1|I\000 a  "#, [0x49, 0, 0x20, 0x61, 0x20, 0x20]), ("0/1|1|I\\000 \r", [0x49, 0, 0x20]),
      (#"0/1|4294967295|M\000"#, [0x4D, 0]),
    ] as [(String, [UInt8])])
  func `forms of a line`(line: String, payload: [UInt8]) throws {
    let (read, error) = try payloads(line)
    #expect(read == [payload])
    #expect(error == nil)
  }

  @Test func `a table as psql prints it`() throws {
    let (read, error) = try payloads(
      """
          lsn    | xid |        data
      -----------+-----+--------------------
       0/1000001 | 747 | \\x4200
       0/1000002 | 747 | \\x45

      (2 rows)

      """)
    #expect(read == [[0x42, 0], [0x45]])
    #expect(error == nil)
  }

  @Test func `an empty dump has no frames`() throws {
    #expect(try payloads("").payloads.isEmpty)
    #expect(try payloads("").error == nil)
    #expect(try payloads("\n\n").error == nil)
  }

  @Test(arguments: [
    "nonsense", "0/1|45", "0/1|x|45", "0/1||45", "x|1|45", "|1|45", "0/1|1|\\x4", "0/1|1|\\x4g", #"0/1|1|a\9"#,
    #"0/1|1|a\400"#, #"0/1|1|a\0"#, "0/1|-1|45", "0/1|4294967296|45",
  ])
  func `a line that is none of these says where it stands`(line: String) throws {
    let (read, error) = try payloads("0/1|1|45\n" + line + "\n0/1|1|45\n")
    #expect(read == [[0x45]])
    #expect(error?.kind == .recording)
    #expect(error?.description.contains("byte 9:") == true)
  }

  @Test func `lines longer than any buffer`() throws {
    let hex = String(repeating: "00ff", count: 200_000)
    let (read, error) = try payloads("0/1|1|\(hex)\n0/2|1|45\n0/3|1|\(hex)")
    #expect(read.map(\.count) == [400_000, 1, 400_000])
    #expect(error == nil)
  }

  @Test func `a dump does not tell whose it is`() throws {
    let directory = try TemporaryDirectory()
    let reader = try CaptureReader(path: try directory.write(Array("0/1|1|45\n".utf8), "dump"))
    #expect(reader.header == nil)
    #expect(reader.identity.systemIdentifier == "0")
    #expect(reader.identity.timeline == 0)
  }
}
