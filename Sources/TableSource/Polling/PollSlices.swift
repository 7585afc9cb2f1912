// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Which keys a poller has: some slices of their hash, each held by a lock of its session, so that no two pollers have one key.
///
/// A poller holds one more lock, together with the others, by which they know how many they are. It takes no more than its share, and
/// gives back what it has beyond that once nothing of it is under way. Those that mark rows in one column share them, and so do those
/// that delete them; what one column says is nothing to those of another.
struct PollSlices: ~Copyable {
  static let count = 64
  /// The numbers of the locks begin here, so that others' locks on the table's number are hardly the same.
  private static let base = 1_952_514_048
  /// How many numbers a way has, of which there are as many as a table has columns, and one.
  private static let stride = 128
  private static let ways = 1601

  /// How long an answer may take: others may have our locks when the network has gone.
  private static let patience: Duration = .seconds(5)

  /// A lock of a poller of the table.
  private struct Lock {
    let way: Int
    let slice: Int
    let process: String
  }

  private let table: Int32
  private let shares: Bool
  /// The number of the column in which rows are marked; 0 where they are deleted, or stay.
  private let way: Int
  /// The server's process whose session has the locks.
  private let process: String
  private(set) var held: Set<Int> = []
  /// Those that are not read any more, and will be given back.
  private(set) var leaving: Set<Int> = []
  /// Whether others take rows in a way that leaves none for us, or we none for them.
  private(set) var meetsOthers = false

  /// Prepares for the pollers of a table.
  ///
  /// - Parameters:
  ///   - mark: the column in which rows are marked.
  ///   - process: the server's process that serves the connection.
  ///   - shares: whether others are to know that there is one more of them.
  init(
    _ server: borrowing Connection, _ table: ObjectID, mark: TableShape.Column?, process: String, shares: Bool
  ) throws(Failure) {
    self.table = Int32(truncatingIfNeeded: table)
    way = mark.flatMap { Int($0.number) } ?? 0
    (self.process, self.shares) = (process, shares)
    guard shares else { return }
    let found = try server.query(
      "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_advisory_lock_shared(\(self.table), \(first + Self.count))"
    )
    guard found.first?[0] == process else {
      letGo(server)
      throw PooledConnection.isShared
    }
  }

  /// The number of the first slice's lock.
  private var first: Int { Self.base + way * Self.stride }

  /// The slice of a key, as a number from 0; all rows without a key are in one.
  static func number(of key: TableShape.Column?) -> String {
    guard let key else { return "0" }
    return
      "(pg_catalog.hashtext(coalesce(t.\(key.inStatement)::pg_catalog.text, '') COLLATE pg_catalog.\"C\") & \(count - 1))"
  }

  /// Those to read; nil for all.
  var read: Set<Int>? { held.count == Self.count && leaving.isEmpty ? nil : held.subtracting(leaving) }

  /// Takes what is free up to the fair share, and gives back what is beyond it.
  ///
  /// - Parameter busy: those of which something is under way.
  /// - Returns: whether others are to be read than before.
  mutating func balance(_ server: borrowing Connection, busy: Set<Int>) throws(Failure) -> Bool {
    let before = read
    try giveBack(server, busy)
    let all = try locks(server)
    let locks = all.filter { $0.way == way }
    let members = max(1, Set(locks.lazy.filter { $0.slice == Self.count }.map(\.process)).count)
    meetsOthers = all.contains { $0.way != way && $0.slice == Self.count && ($0.way == 0 || way == 0) }
    let share = isKept(all) ? 0 : (Self.count + members - 1) / members
    let remaining = held.subtracting(leaving)
    if remaining.count > share {
      leaving.formUnion(remaining.shuffled().prefix(remaining.count - share))
      try giveBack(server, busy)
    } else if remaining.count < share {
      // What was to be given back may stay.
      let kept = leaving.prefix(share - remaining.count)
      leaving.subtract(kept)
      let taken = Set(locks.map(\.slice))
      let free = (0..<Self.count).filter { !taken.contains($0) }.shuffled()
      try take(server, Array(free.prefix(share - held.subtracting(leaving).count)))
    }
    return read != before
  }

  /// Whether somebody has the table alone, to whom each mark would be a new row: those who share it have one more lock.
  private func isKept(_ locks: [Lock]) -> Bool {
    let sharing = Set(locks.lazy.filter { $0.way == 0 && $0.slice == Self.count }.map(\.process))
    return way > 0 && locks.contains { $0.way == 0 && !sharing.contains($0.process) }
  }

  /// Takes all of them, or none where another poller has some; tells whether they are ours.
  mutating func takeAll(_ server: borrowing Connection) throws(Failure) -> Bool {
    // Looked at before, too: who marks gives way to whoever has these.
    guard try isAlone(server) else { return false }
    try take(server, Array(Set(0..<Self.count).subtracting(held)))
    if held.count == Self.count, try isAlone(server) { return true }
    leaving = held
    try giveBack(server, [])
    return false
  }

  /// Whether nobody takes rows in another way.
  private func isAlone(_ server: borrowing Connection) throws(Failure) -> Bool {
    try locks(server).allSatisfy { $0.way == way }
  }

  private mutating func take(_ server: borrowing Connection, _ wanted: [Int]) throws(Failure) {
    guard !wanted.isEmpty else { return }
    let numbers = wanted.map { "\($0)" }.joined(separator: ", ")
    let rows = try server.query(
      "SELECT pg_catalog.pg_backend_pid(), s FROM pg_catalog.unnest(ARRAY[\(numbers)]) AS w (s) "
        + "WHERE pg_catalog.pg_try_advisory_lock(\(table), \(first) + s)", within: Self.patience)
    guard rows.allSatisfy({ $0[0] == process }) else { throw PooledConnection.isShared }
    held.formUnion(rows.compactMap { $0[1].flatMap { Int($0) } })
  }

  /// Which locks there are. Throws where ours are gone: then others may have our keys.
  private func locks(_ server: borrowing Connection) throws(Failure) -> [Lock] {
    let rows = try server.query(
      "SELECT o.pid, l.objid::pg_catalog.int8 - \(Self.base), l.pid FROM pg_catalog.pg_backend_pid() AS o (pid) "
        + "LEFT JOIN pg_catalog.pg_locks l ON \(isLock)", within: Self.patience)
    guard rows.first?[0] == process else { throw PooledConnection.isShared }
    let locks = rows.compactMap { row in
      row[1].flatMap { Int($0) }.map {
        Lock(way: $0 / Self.stride, slice: $0 % Self.stride, process: row[2] ?? "")
      }
    }
    let own = Set(locks.filter { $0.process == process && $0.way == way }.map(\.slice))
    guard held.isSubset(of: own), !shares || own.contains(Self.count) else {
      throw Failure(.connection, "the locks by which a poller has its keys are gone")
    }
    return locks
  }

  /// Throws where the locks are gone, or no answer comes.
  func requireHeld(_ server: borrowing Connection) throws(Failure) { _ = try locks(server) }

  /// The condition for a lock of a poller of the table.
  private var isLock: String {
    "l.locktype = 'advisory' "
      + "AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) "
      + "AND l.classid = '\(UInt32(bitPattern: table))'::pg_catalog.oid AND l.objsubid = 2 AND l.granted "
      + "AND l.objid BETWEEN '\(Self.base)'::pg_catalog.oid AND '\(Self.base + Self.ways * Self.stride)'::pg_catalog.oid"
  }

  /// Lets go of all locks behind a pooler that gives our statements to several sessions, as far as these are ours now and then: what
  /// stays there would stop every poller of the table.
  func letGo(_ server: borrowing Connection) {
    let statement =
      "SELECT CASE l.mode WHEN 'ShareLock' THEN pg_catalog.pg_advisory_unlock_shared(\(table), l.objid::pg_catalog.int8::pg_catalog.int4) "
      + "ELSE pg_catalog.pg_advisory_unlock(\(table), l.objid::pg_catalog.int8::pg_catalog.int4) END "
      + "FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND \(isLock)"
    for _ in 0..<64 {
      do throws(Failure) { _ = try server.query(statement) } catch { return }
    }
  }

  /// Gives back those of which nothing is under way any more.
  private mutating func giveBack(_ server: borrowing Connection, _ busy: Set<Int>) throws(Failure) {
    let free = leaving.subtracting(busy)
    guard !free.isEmpty else { return }
    let numbers = free.map { "\($0)" }.joined(separator: ", ")
    _ = try server.query(
      "SELECT pg_catalog.pg_advisory_unlock(\(table), \(first) + s) FROM pg_catalog.unnest(ARRAY[\(numbers)]) AS w (s)",
      within: Self.patience)
    held.subtract(free)
    leaving.subtract(free)
  }
}
