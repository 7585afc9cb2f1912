// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PostgresWire
import Settings

/// Input: an argument a line. Whatever they are, the command line is read or refused in lines that are lines, and so are settings
/// that are made of them; nothing is run.
@_cdecl("LLVMFuzzerTestOneInput")
public func parse(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let arguments = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    .prefix(40).map { String(decoding: $0, as: UTF8.self) }
  do { _ = try Tailrace.parseAsRoot(arguments) } catch {
    for line in CommandLineErrors.lines(error, arguments, root: Tailrace.self) where line.isEmpty {
      preconditionFailure("an error without words")
    }
  }
  validate(arguments)
  let advice: Wording = "\(command: "setup", [.init("table", arguments.last)]); \(setting: "slot", arguments.first)"
  precondition(!Flags.text(advice, arguments).contains("\n"), "not one line")
  return 0
}

/// The same words as values of settings.
private func validate(_ words: [String]) {
  func word(_ place: Int) -> String { place < words.count ? words[place] : "" }
  var settings = RelaySettings()
  settings.source.database = word(0)
  settings.source.publication = word(1)
  settings.source.slot = word(2)
  settings.outbox.tables = [word(3)]
  settings.outbox.messagePrefixes = [word(4)]
  settings.outbox.columns = [word(5): word(6)]
  settings.outbox.attributes = [.init(name: word(7), column: word(8))]
  settings.outbox.source = word(9)
  settings.sink.address = word(10)
  do throws(Failure) {
    try settings.validate()
    _ = try settings.configuration()
    _ = try settings.source.replication(tables: settings.outbox.tableNames())
  } catch {
    precondition(!error.text(Flags.text).contains("\n"), "not one line")
  }
}
