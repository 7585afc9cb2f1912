package import Files
import Octets

/// Which tables have been outboxes: by OID, since names change hands. Kept beside an output and in a checkpoint.
public struct OutboxTables: Hashable, Sendable {
  /// One configured table and what belongs to it.
  public struct Outbox: Hashable, Sendable {
    /// The configured name, as the server stores it.
    public var name: TableName
    /// The table that had the name.
    public var holder: ObjectID
    /// That table, those that had the name before, and their partitions and inheritance children.
    public var members: Set<ObjectID>
    /// With which entries publications had them.
    public var entries: Set<Entry>

    /// Makes an outbox of its parts.
    public init(name: TableName, holder: ObjectID, members: Set<ObjectID>, entries: Set<Entry> = []) {
      self.entries = entries
      self.name = name
      self.holder = holder
      self.members = members.union([holder])
    }
  }

  /// That a publication has a table. One that is taken out and put in again has another entry.
  public struct Entry: Hashable, Sendable {
    /// The table.
    public var table: ObjectID
    /// The row of the catalogue pg_publication_rel.
    public var entry: ObjectID

    /// Makes an entry.
    public init(table: ObjectID, entry: ObjectID) {
      self.table = table
      self.entry = entry
    }
  }

  /// The outboxes, in the order of the configuration.
  public var outboxes: [Outbox]
  /// For each publication the transaction that has changed it last: the catalogue pg_publication, oid and xmin.
  public var publications: [ObjectID: UInt32]

  /// Makes a record.
  public init(_ outboxes: [Outbox] = [], publications: [ObjectID: UInt32] = [:]) {
    self.outboxes = outboxes
    self.publications = publications
  }

  /// The outbox that is configured as `name`.
  public subscript(_ name: TableName) -> Outbox? { outboxes.first { name.isStored(as: $0.name) } }
}

extension KeyValueText {
  private static func key(_ number: Int) -> String { "table.\(number)" }

  /// Adds a line for each outbox.
  package mutating func append(_ tables: OutboxTables) {
    for (number, line) in tables.lines.enumerated() { append(Self.key(number), line) }
    guard !tables.publications.isEmpty else { return }
    let changes = tables.publications.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
    append("changed", changes.joined(separator: ","))
  }

  /// The outboxes that were added; none where there are no such lines, nil where one makes no sense.
  package var tables: OutboxTables? {
    var lines: [String] = []
    while let line = self[Self.key(lines.count)] { lines.append(line) }
    return OutboxTables(lines: lines, changes: self["changed"] ?? "")
  }
}

extension OutboxTables {
  /// How many members a text holds: a file of ours stays small, and of the oldest tables no rows are to come.
  private static let mostMembers = 2400
  private static let mostEntries = 600

  /// One line an outbox: the table that has the name and the members, the entries, and the name.
  fileprivate var lines: [String] {
    let share = Self.mostMembers / max(1, outboxes.count)
    return outboxes.map { outbox in
      let newest = outbox.members.subtracting([outbox.holder]).sorted(by: >).prefix(share).sorted()
      let members = ([outbox.holder] + newest).map(String.init).joined(separator: ",")
      var name: [UInt8] = []
      name.appendPercentEncoded(outbox.name.description.utf8) { $0 > 0x20 && $0 != UInt8(ascii: "%") && $0 != 0x7F }
      let entries = outbox.entries.sorted { $0.table > $1.table }
        .prefix(Self.mostEntries / max(1, outboxes.count)).map { "\($0.table):\($0.entry)" }
      return
        "\(members) \(entries.isEmpty ? "-" : entries.joined(separator: ",")) \(String(decoding: name, as: UTF8.self))"
    }
  }

  /// Reads lines; nil when one makes no sense.
  fileprivate init?(lines: [String], changes: String) {
    self.init()
    for text in changes.split(separator: ",") {
      guard let (publication, change) = Self.numbers(text) else { return nil }
      publications[publication] = change
    }
    for line in lines {
      let words = line.split(separator: " ")
      guard words.count == 3, let bytes = Self.percentDecoded(words[2].utf8),
        let name = TableName(String(decoding: bytes, as: UTF8.self))
      else { return nil }
      let members = words[0].split(separator: ",").map { ObjectID($0) }
      let entries =
        words[1] == "-" ? [] : words[1].split(separator: ",").map { Self.numbers($0).map(Entry.init(table:entry:)) }
      guard let holder = members.first ?? nil, !members.contains(nil), !entries.contains(nil) else { return nil }
      outboxes.append(
        Outbox(
          name: name, holder: holder, members: Set(members.compactMap { $0 }), entries: Set(entries.compactMap { $0 })))
    }
  }

  private static func numbers(_ text: Substring) -> (UInt32, UInt32)? {
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
    guard numbers.count == 2, let first = numbers[0], let second = numbers[1] else { return nil }
    return (first, second)
  }

  private static func percentDecoded(_ text: Substring.UTF8View) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text.makeIterator()
    while let byte = rest.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.next().flatMap({ Hexadecimal.value(of: $0) }),
        let low = rest.next().flatMap({ Hexadecimal.value(of: $0) })
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}
