// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PostgresWire

/// What is done for one stream at once: entries are added in order up to the first that cannot be, so that none overtakes
/// another. Source: Redis documentation, "Scripting with Lua", XADD.
enum AddingScript {
  /// Arguments: the id that the newest entry is known to have, empty for one that is not known, `*` where it does not matter;
  /// the length to keep, or nothing; `1` where the same entries were sent before and nobody answered; then for each entry its
  /// id, how many texts follow, and fields with their values, first `ce-id` and `ce-source`.
  ///
  /// Answers how many are there now; or how many, and why not the next: `top` with another newest entry's id and `ce-sequence`,
  /// empty where there is none, and the highest id that ever was there, empty where that is not to be seen (nothing was added);
  /// `behind` with the same where an entry's place is taken or passed; `error` with the server's words.
  ///
  /// What was sent together was added together, up to the first that could not be: where a later one is there, or was the last
  /// that was added, the earlier ones were too, although they have been trimmed or deleted since.
  static let text = """
    local function field(entry, name)
      for i = 1, #entry[2], 2 do if entry[2][i] == name then return entry[2][i + 1] end end
      return ''
    end
    local function newest() return redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1) end
    local function highest()
      local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
      if info.err then return string.find(info.err, 'no such key', 1, true) and '0-0' or '' end
      for i = 1, #info, 2 do if info[i] == 'last-generated-id' then return info[i + 1] end end
      return ''
    end
    local function stands(done, why, top)
      return {done, why, top and top[1] or '', top and field(top, 'ce-sequence') or '', highest()}
    end
    local function own(i)
      local there = redis.pcall('XRANGE', KEYS[1], ARGV[i], ARGV[i])
      if there.err or not there[1] then return there.err, there[1] end
      return nil, there[1], field(there[1], 'ce-id') == ARGV[i + 3] and field(there[1], 'ce-source') == ARGV[i + 5]
    end
    if ARGV[1] ~= '*' then
      local top = newest()
      if top.err then return {0, 'error', top.err} end
      if (top[1] and top[1][1] or '') ~= ARGV[1] then return stands(0, 'top', top[1]) end
    end
    local i, done, added = 4, 0, 0
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
        local err, there, ours = own(i)
        if err then return {done, 'error', err} end
        if not there and ARGV[3] == '1' and i > added then
          local newest_ever, j = highest(), i
          while j <= #ARGV do
            local _, found, known = own(j)
            if known or not found and ARGV[j] == newest_ever then added = j end
            j = j + 2 + ARGV[j + 1]
          end
        end
        if not ours and (there or i > added) then return stands(done, 'behind', newest()[1]) end
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
      case ("top", 5): return .top(try StreamTop(parts[2], parts[3], highest: parts[4]))
      case ("behind", 5): return .behind(stored: stored, try StreamTop(parts[2], parts[3], highest: parts[4]))
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
  /// The highest id that ever was there, read as a position; nil where that is not to be seen.
  let highest: EventPosition?

  fileprivate init(_ id: Reply, _ sequence: Reply, highest: Reply) throws(ReplyBreach) {
    self.id = try Self.id(id)
    self.highest = EventPosition(streamID: try Self.id(highest))
    let id = self.id
    let position = sequence.string.flatMap { EventPosition(sequence: $0) }
    self.position = position.flatMap { $0.streamID == id ? $0 : nil }
  }

  private static func id(_ reply: Reply) throws(ReplyBreach) -> String {
    guard let id = reply.string, id.utf8.count <= 41, id.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) })
    else { throw .unexpected }
    return id
  }

  /// As it is shown: a position, or an id that is none.
  var shown: String { position?.sequence ?? (id.isEmpty ? "none" : "the id \(id)") }
}

extension EventPosition {
  /// The id of an entry at this position.
  var streamID: String { "\(commitLSN)-\(ordinal)" }

  /// Reads an entry's id as a position.
  init?(streamID: String) {
    let parts = streamID.split(separator: "-")
    guard parts.count == 2, let commit = UInt64(parts[0]), let ordinal = UInt64(parts[1]) else { return nil }
    self.init(commitLSN: commit, ordinal: ordinal)
  }
}
