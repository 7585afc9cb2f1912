// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PostgresWire

/// What is done for one stream at once: entries are added in order up to the first that cannot be, so that none overtakes
/// another. Source: Redis documentation, "Scripting with Lua", XADD.
enum AddingScript {
  /// Arguments: the id that the newest entry is known to have, empty for one that is not known, `*` where it does not matter;
  /// the length to keep, or nothing; then for each entry its id, how many texts follow, and fields with their values, first
  /// `ce-id` and `ce-source`.
  ///
  /// Answers how many are there now; or how many, and why not the next: `top` with another newest entry's id and `ce-sequence`
  /// (nothing was added), `behind` with the same where an entry's place is taken or passed, `error` with the server's words.
  static let text = """
    local function field(entry, name)
      for i = 1, #entry[2], 2 do if entry[2][i] == name then return entry[2][i + 1] end end
      return ''
    end
    local function newest() return redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1) end
    if ARGV[1] ~= '*' then
      local top = newest()
      if top.err then return {0, 'error', top.err} end
      if top[1] and top[1][1] ~= ARGV[1] then return {0, 'top', top[1][1], field(top[1], 'ce-sequence')} end
    end
    local i, done = 3, 0
    while i <= #ARGV do
      local last = i + 1 + ARGV[i + 1]
      local reply
      if ARGV[2] == '' then
        reply = redis.pcall('XADD', KEYS[1], ARGV[i], unpack(ARGV, i + 2, last))
      else
        reply = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[i], unpack(ARGV, i + 2, last))
      end
      if type(reply) == 'table' and reply.err then
        if not string.find(reply.err, 'equal or smaller', 1, true) then return {done, 'error', reply.err} end
        local there = redis.pcall('XRANGE', KEYS[1], ARGV[i], ARGV[i])
        if there.err then return {done, 'error', there.err} end
        there = there[1]
        if not there or field(there, 'ce-id') ~= ARGV[i + 3] or field(there, 'ce-source') ~= ARGV[i + 5] then
          local top = newest()[1]
          return {done, 'behind', top and top[1] or '', top and field(top, 'ce-sequence') or ''}
        end
      end
      done = done + 1
      i = last + 1
    end
    return done
    """

  /// What it answers.
  enum Answer {
    /// So many of the entries are there, which are all.
    case all
    /// So many are there, and the next one cannot be for what the server says.
    case error(stored: Int, [UInt8])
    /// The newest entry is another than was thought, and nothing was added.
    case top(StreamTop)
    /// So many are there; the next one's place is taken, or passed and empty.
    case behind(stored: Int, StreamTop)
  }

  /// Reads an answer about so many entries.
  static func answer(_ reply: Reply, of count: Int) throws(ReplyBreach) -> Answer {
    switch reply {
    case .integer(Int64(count)): return .all
    case .error(let text): return .error(stored: 0, text)
    case .list(let parts):
      guard parts.count >= 3, case .integer(let number) = parts[0], let stored = Int(exactly: number),
        (0..<max(1, count)).contains(stored)
      else { throw .unexpected }
      switch (parts[1].string, parts.count) {
      case ("error", 3):
        guard case .text(let text) = parts[2] else { throw .unexpected }
        return .error(stored: stored, text)
      case ("top", 4): return .top(try StreamTop(parts[2], parts[3]))
      case ("behind", 4): return .behind(stored: stored, try StreamTop(parts[2], parts[3]))
      default: throw .unexpected
      }
    default: throw .unexpected
    }
  }
}

/// The newest entry of a stream.
struct StreamTop: Hashable, Sendable {
  /// As the server writes it; empty where there is none.
  let id: String
  /// The position, where its id is made from one.
  let position: EventPosition?

  fileprivate init(_ id: Reply, _ sequence: Reply) throws(ReplyBreach) {
    guard let id = id.string, id.utf8.count <= 41, id.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) })
    else { throw .unexpected }
    self.id = id
    let position = sequence.string.flatMap { EventPosition(sequence: $0) }
    self.position = position.flatMap { $0.streamID == id ? $0 : nil }
  }

  /// As it is shown: a position, or an id that is none.
  var shown: String { position?.sequence ?? (id.isEmpty ? "none" : "the id \(id)") }
}

extension EventPosition {
  /// The id of an entry at this position.
  var streamID: String { "\(commitLSN)-\(ordinal)" }
}
