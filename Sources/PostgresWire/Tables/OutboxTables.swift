// SPDX-License-Identifier: Apache-2.0

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
    /// By what publications had them.
    public var links: Set<Link>

    /// Makes an outbox of its parts.
    public init(name: TableName, holder: ObjectID, members: Set<ObjectID>, links: Set<Link> = []) {
      self.links = links
      self.name = name
      self.holder = holder
      self.members = members.union([holder])
    }
  }

  /// By what a publication has a table. What was taken away and put there again is another link.
  public struct Link: Hashable, Sendable {
    /// The table.
    public var table: ObjectID
    /// The publication.
    public var publication: ObjectID
    /// A checksum that tells one row of the catalogue from another in its place.
    public var mark: UInt32
    /// A checksum of what that row says, and of how the table is a part of the one that it names.
    public var content: UInt32

    /// Makes a link.
    public init(table: ObjectID, publication: ObjectID, mark: UInt32, content: UInt32 = 0) {
      self.table = table
      self.publication = publication
      self.mark = mark
      self.content = content
    }
  }

  /// How a publication was seen last.
  public struct Publication: Hashable, Sendable {
    /// The transaction that has changed it last, the catalogue's xmin.
    public var change: UInt32
    /// Whether it has never been seen with anything but outboxes.
    public var isExclusive: Bool

    /// Makes one.
    public init(change: UInt32, isExclusive: Bool) {
      self.change = change
      self.isExclusive = isExclusive
    }
  }

  /// The outboxes, in the order of the configuration.
  public var outboxes: [Outbox]
  /// The publications, by OID.
  public var publications: [ObjectID: Publication]

  /// Makes a record.
  public init(_ outboxes: [Outbox] = [], publications: [ObjectID: Publication] = [:]) {
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
    let seen = tables.publications.sorted { $0.key < $1.key }.map { id, found in
      "\(id):\(found.change):\(found.isExclusive ? 1 : 0)"
    }
    append("publications", seen.joined(separator: ","))
  }

  /// The outboxes that were added; none where there are no such lines, nil where one makes no sense.
  package var tables: OutboxTables? {
    var lines: [String] = []
    while let line = self[Self.key(lines.count)] { lines.append(line) }
    return OutboxTables(lines: lines, publications: self["publications"] ?? "")
  }
}

extension OutboxTables {
  /// How many members, and how many links, a text holds: a file of ours is read whole.
  public static let mostMembers = 20_000

  /// One line an outbox: the table that has the name and the members, the links, and the name.
  fileprivate var lines: [String] {
    let share = Self.mostMembers / max(1, outboxes.count)
    return outboxes.map { outbox in
      let newest = outbox.members.subtracting([outbox.holder]).sorted(by: >).prefix(share).sorted()
      let members = ([outbox.holder] + newest).map(String.init).joined(separator: ",")
      var name: [UInt8] = []
      // Beyond ASCII there are further blanks and line ends.
      name.appendPercentEncoded(outbox.name.description.utf8) { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "%") }
      let links = outbox.links.sorted { $0.table > $1.table }.prefix(share)
        .map { "\($0.table):\($0.publication):\($0.mark):\($0.content)" }
      return "\(members) \(links.isEmpty ? "-" : links.joined(separator: ",")) \(String(decoding: name, as: UTF8.self))"
    }
  }

  /// Reads lines; nil when one makes no sense.
  fileprivate init?(lines: [String], publications text: String) {
    self.init()
    for found in text.split(separator: ",") {
      guard let numbers = Self.numbers(found), numbers.count == 3 else { return nil }
      publications[numbers[0]] = Publication(change: numbers[1], isExclusive: numbers[2] != 0)
    }
    for line in lines {
      let words = line.split(separator: " ")
      guard words.count == 3, let bytes = Hexadecimal.percentDecoded(words[2].utf8),
        let name = TableName(String(decoding: bytes, as: UTF8.self))
      else { return nil }
      let members = words[0].split(separator: ",").map { ObjectID($0) }
      let links = words[1] == "-" ? [] : words[1].split(separator: ",").map(Self.numbers)
      guard let holder = members.first ?? nil, !members.contains(nil), !links.contains(nil) else { return nil }
      outboxes.append(
        Outbox(
          name: name, holder: holder, members: Set(members.compactMap { $0 }),
          links: Set(links.compactMap { $0.flatMap(Link.init) })))
    }
  }

  /// Numbers with colons between them; nil when there are others than two to four.
  private static func numbers(_ text: Substring) -> [UInt32]? {
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
    guard (2...4).contains(numbers.count), !numbers.contains(nil) else { return nil }
    return numbers.compactMap { $0 }
  }
}

extension OutboxTables.Link {
  /// Of what earlier versions wrote, two numbers, nothing can be compared.
  fileprivate init?(_ numbers: [UInt32]) {
    guard numbers.count == 4 else { return nil }
    self.init(table: numbers[0], publication: numbers[1], mark: numbers[2], content: numbers[3])
  }
}
