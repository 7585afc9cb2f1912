// SPDX-License-Identifier: Apache-2.0

/// The members that a schema names, with what it says of each.
struct NamedMembers {
  private struct Member {
    var name: String
    var hash: NameHash
    var node: Int32 = -1
    var tracked: Int32 = -1
  }

  private var members: [Member] = []
  /// Where each is, by its hash; one whose place is taken is at the next that is free.
  private var places: [UInt64: Int] = [:]
  private let seed: UInt64
  private(set) var tracked: Int32 = 0

  init(seed: UInt64) { self.seed = seed }

  var isEmpty: Bool { members.isEmpty }

  private mutating func place(of name: String) -> Int {
    let bytes = Array(name.utf8)
    let hash = unsafe NameHash(bytes.span.bytes, 0..<bytes.count, seed: seed)
    var key = hash.hash
    while let place = places[key] {
      if members[place].name.utf8.elementsEqual(bytes) { return place }
      key &+= 1
    }
    places[key] = members.count
    members.append(Member(name: name, hash: hash))
    return members.count - 1
  }

  mutating func setNode(_ name: String, _ node: Int32) { members[place(of: name)].node = node }

  /// The index of a name that is looked out for.
  mutating func track(_ name: String) -> Int32 {
    let place = place(of: name)
    if members[place].tracked < 0 {
      members[place].tracked = tracked
      tracked += 1
    }
    return members[place].tracked
  }

  /// Writes them into a program's tables.
  func append(to program: inout Program) -> (Program.Slice, Program.Slice) {
    guard !members.isEmpty else { return (.init(), .init()) }
    let entries = Program.Slice(start: Int32(program.entries.count), count: Int32(members.count))
    var size = 4
    while size < 2 * members.count { size *= 2 }
    let slots = Program.Slice(start: Int32(program.slots.count), count: Int32(size))
    program.slots += Array(repeating: -1, count: size)
    for member in members {
      let start = program.pool.count
      program.pool += member.name.utf8
      var slot = Int(truncatingIfNeeded: member.hash.hash) & (size - 1)
      while program.slots[Int(slots.start) + slot] >= 0 { slot = (slot + 1) & (size - 1) }
      program.slots[Int(slots.start) + slot] = Int32(program.entries.count)
      program.entries.append(
        .init(
          name: .init(start: Int32(start), count: Int32(program.pool.count - start)), prefix: member.hash.prefix,
          node: member.node, tracked: member.tracked))
    }
    return (entries, slots)
  }
}
