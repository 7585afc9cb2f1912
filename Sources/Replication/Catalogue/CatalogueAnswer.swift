// SPDX-License-Identifier: Apache-2.0

internal import Octets
package import PostgresClient
package import PostgresWire

/// Reading the rows of a catalogue query's answer.
extension CatalogueQuery {
  /// What the rows say.
  package static func findings(_ rows: [SQLRow]) throws(Failure) -> TableFindings {
    var findings = TableFindings()
    var shapes: [ObjectID: [TableFindings.Column]] = [:]
    var columns: [ObjectID: [(name: String, isGenerated: Bool, isVirtual: Bool)]] = [:]
    for row in rows {
      let cells = row.map { $0 ?? "" }
      guard cells.count == 13 else { throw nonsense }
      switch cells[0] {
      case "publication":
        findings.publications.append(
          .init(
            name: cells[1], id: try oid(cells[4]), change: try oid(cells[5]),
            publishesInserts: cells[2] == "true", isExclusive: cells[3] == "true"))
      case "table": findings.tables.append(try table(cells))
      case "column":
        columns[try oid(cells[1]), default: []].append((cells[2], cells[3] != "false", cells[3] == "virtual"))
      case "shape":
        shapes[try oid(cells[1]), default: []].append(
          .init(name: cells[2], type: try oid(cells[3]), typeName: cells[4]))
      case "relation":
        findings.relations[try oid(cells[1])] = .init(isThere: cells[2] == "true", isPublished: cells[3] == "true")
      case "wanted":
        guard let place = Int(cells[1]) else { throw nonsense }
        findings.names[place] = TableName(schema: cells[2], name: cells[3])
      case "link":
        findings.links.insert(
          .init(
            table: try oid(cells[1]), publication: try oid(cells[2]), mark: checksum(cells[3]),
            content: checksum(cells[4])))
      case "stranger":
        findings.strangers.append(row[2].map { .table(TableName(schema: cells[1], name: $0)) } ?? .schema(cells[1]))
      default: throw nonsense
      }
    }
    for index in findings.tables.indices {
      findings.tables[index].columns = shapes[findings.tables[index].id] ?? []
      let found = columns[findings.tables[index].id] ?? []
      let generated = found.filter(\.isGenerated).map(\.name)
      // One that is generated may be missing in a list as well.
      findings.tables[index].unpublishedColumns =
        found.filter { !$0.isGenerated && !generated.contains($0.name) }.map(\.name) + generated
      findings.tables[index].generatedColumns = generated
      findings.tables[index].virtualColumns = found.filter(\.isVirtual).map(\.name)
    }
    return findings
  }

  private static func table(_ cells: [String]) throws(Failure) -> TableFindings.Table {
    guard let place = Int(cells[1]), let depth = Int(cells[4]) else { throw nonsense }
    var table = TableFindings.Table(
      place: place, root: try oid(cells[2]), id: try oid(cells[5]), depth: depth,
      name: TableName(schema: cells[6], name: cells[7]), rootHasName: cells[3] == "true")
    (table.kind, table.persistence) = (cells[8], cells[9])
    (table.isPublished, table.hasRowFilter) = (cells[10] == "true", cells[12] == "true")
    table.publishedAs = TableName(cells[11])
    return table
  }

  private static func checksum(_ text: String) -> UInt32 {
    let bytes = Array(text.utf8)
    return unsafe UInt32(truncatingIfNeeded: XXH64.hash(bytes.span.bytes))
  }

  private static func oid(_ text: String) throws(Failure) -> ObjectID {
    guard let id = ObjectID(text) else { throw nonsense }
    return id
  }

  private static let nonsense = Failure(.internal, "the server's answer about its tables makes no sense")
}
