// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Testing

@testable import TableSource

@Suite struct PaceTests {
  @Test(arguments: [1, 7, 1000, 1_000_000])
  func `no more rows go than the rate allows, and no fewer`(rate: Int) {
    let start = ContinuousClock.now
    var (pace, now, count) = (Pace(rate: rate, now: start), start, 0)
    let end = start + .seconds(3)
    while now < end, count < 20_000 {
      if let due = pace.take(now: now) {
        #expect(due > now)
        now = due
      } else {
        count += 1
      }
    }
    let seconds = (now - start) / .seconds(1)
    #expect(Double(count) <= Double(rate) * (seconds + 0.1) + 1)
    #expect(Double(count) >= Double(rate) * seconds - 1)
  }

  @Test func `after a rest no more than a tenth of a second's rows go at once`() {
    let start = ContinuousClock.now
    var pace = Pace(rate: 1000, now: start)
    var count = 0
    while pace.take(now: start + .seconds(60)) == nil { count += 1 }
    #expect((100...101).contains(count))
  }
}

@Suite struct PageLengthTests {
  /// Asks for all of some rows, page by page, of which each is that long.
  private func ask(for sizes: [Int], of bytes: Int) -> (looked: Int, pages: Int) {
    var (length, place, looked, pages) = (PageLength(most: 1000), 0, 0, 0)
    while place < sizes.count {
      let page = sizes[place...].prefix(length.rows)
      var sum = 0
      let fitting = page.prefix { size in
        sum += size
        return sum <= bytes || sum == size
      }
      length.note(found: page.count, fitting: fitting.count)
      place += fitting.count
      looked += page.reduce(0, +)
      pages += 1
    }
    return (looked, pages)
  }

  @Test func `of long rows no more is looked at than a few times what there is`() {
    let (looked, _) = ask(for: Array(repeating: 3, count: 1000), of: 4)
    #expect(looked <= 3 * 3000)
    let mixed = (0..<5000).map { $0 % 500 == 0 || (2000..<2100).contains($0) ? 30_000 : 3 }
    #expect(ask(for: mixed, of: 40_000).looked <= 4 * mixed.reduce(0, +))
  }

  @Test func `short rows come a thousand at a time`() {
    #expect(ask(for: Array(repeating: 1, count: 100_000), of: 4000).pages < 110)
  }
}

@Suite struct TableProgressTests {
  private func time(_ n: Int) -> String { "2026-01-31 12:\(n / 60 % 60):\(n % 60)+00" }

  @Test func `a row is delivered once its end is confirmed, and not before`() {
    let progress = TableProgress(count: 3)
    let places = (0..<3).map { progress.begin(time($0)) }
    #expect(progress.read == 3 && progress.delivered == 0)
    progress.confirm(places[0].commit)
    #expect(progress.delivered == 0)
    progress.confirm(places[1].end)
    #expect(progress.delivered == 2)
    progress.confirm(places[0].end)
    #expect(progress.delivered == 2, "it never goes back")
    progress.note(gone: 2)
    #expect(progress.read == 5 && progress.gone == 2)
  }

  @Test(arguments: [0, 1, 999, 4095, 4096, 20_000, 99_999])
  func `it goes on at or before the first row that is not known to be delivered, and not far before`(delivered: Int)
    throws
  {
    let progress = TableProgress(count: 100_000)
    var end = LSN.zero
    for n in 0..<100_000 {
      let place = progress.begin("2026-01-31 \(n)+00")
      if n == delivered - 1 { end = place.end }
    }
    progress.confirm(end)
    #expect(progress.delivered == delivered)
    let number = try #require(progress.resumption?.firstMatch(of: #/T(\d+)Z/#).flatMap { Int($0.output.1) })
    #expect(number <= delivered && number > delivered - 100)
  }

  @Test func `without times nobody says where to go on`() {
    let progress = TableProgress(count: 1)
    _ = progress.begin(nil)
    #expect(progress.resumption == nil)
  }

  @Test func `a time is written as it can be given again`() {
    #expect(TableProgress.rfc3339("2026-01-31 12:00:00.123456+00") == "2026-01-31T12:00:00.123456Z")
  }
}

@Suite struct ChosenRowsTests {
  private static func column(_ name: String, _ type: ObjectID = 25, number: Int = 1) -> TableShape.Column {
    TableShape.Column(name: name, baseType: type, type: "\"pg_catalog\".\"t\"", number: "\(number)", isNeverNull: true)
  }

  private static let columns = RowColumns(id: ["id"], key: ["aggregateid"], type: ["type"], time: ["occurred_at"])

  private static func shape(time: ObjectID? = 1184, hasKey: Bool = true) -> TableShape {
    let id = column("id")
    let all = [id, column("aggregateid"), column("type")] + (time.map { [column("occurred_at", $0)] } ?? [])
    return TableShape(
      table: TableName(schema: "a\"b", name: "out"), id: 1, kind: "r", columns: all, identity: hasKey ? [id] : [])
  }

  private static func selection(_ change: (inout RowSelection) -> Void) -> RowSelection {
    var selection = RowSelection()
    change(&selection)
    return selection
  }

  @Test func `values are parameters and never words of the statement, in the order of their places`() throws {
    let selection = Self.selection {
      $0.ids = ["i'1", "i2"]
      ($0.key, $0.type) = ("k' OR true --", "Placed!")
      ($0.since, $0.before) = ("2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z")
    }
    let (sql, values) = try ChosenRows.query([Self.shape()], Self.columns, selection)
    #expect(values == ["i'1", "i2", "k' OR true --", "Placed!", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z"])
    for value in values.compactMap({ $0 }) { #expect(!sql.contains(value)) }
    for place in 1...6 { #expect(sql.contains("$\(place)::")) }
    #expect(!sql.contains("$7") && sql.contains("\"a\"\"b\".\"out\""))
  }

  @Test func `several tables are one order, by time`() throws {
    let selection = Self.selection { $0.key = "k" }
    let (sql, values) = try ChosenRows.query([Self.shape(), Self.shape()], Self.columns, selection)
    #expect(values == ["k", "k"] && sql.contains("UNION ALL") && sql.contains("ORDER BY u.at"))
  }

  @Test func `what cannot be read again or put in order is refused`() {
    let byKey = Self.selection { $0.key = "k" }
    let byID = Self.selection { $0.ids = ["1"] }
    func failure(_ shape: TableShape, _ selection: RowSelection) -> Failure? {
      do {
        _ = try ChosenRows.query([shape], Self.columns, selection)
        return nil
      } catch { return error }
    }
    #expect(failure(Self.shape(hasKey: false), byID)?.kind == .settings)
    #expect(failure(Self.shape(time: nil), byKey)?.what == failure(Self.shape(time: 25), byKey)?.what)
    #expect(failure(Self.shape(time: nil), byKey)?.kind == .settings)
    #expect(failure(Self.shape(time: nil), byID) == nil, "a few rows by their ids need no order")
    #expect(failure(Self.shape(), byKey) == nil)
  }
}
