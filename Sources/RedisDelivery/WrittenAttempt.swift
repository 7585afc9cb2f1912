// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents

/// The events of an attempt as they go out, by their streams: each in one call of the script.
struct WrittenAttempt: Sendable {
  /// What goes to one stream.
  struct Addition: Sendable {
    let stream: [UInt8]
    /// The arguments of the entries.
    fileprivate(set) var arguments: [UInt8] = []
    fileprivate(set) var count = 0
    /// Which of the attempt's events they are.
    fileprivate(set) var events: [Int] = []
    /// Where the first and the last one stand in the log.
    fileprivate(set) var first: EventPosition?
    fileprivate(set) var last = EventPosition(commitLSN: 0, ordinal: 0)
  }

  private(set) var additions: [Addition] = []
  /// What is decided before anything is sent.
  private(set) var verdicts: [Attempt.Verdict?]

  /// - Parameters:
  ///   - longest: the longest text that the server takes.
  ///   - held: by what is held back behind a refused event; nil where nothing is.
  init(_ events: [OutgoingEvent], _ writer: EntryWriter, longest: Int, held: RedisConfiguration.Hold) {
    verdicts = Array(repeating: nil, count: events.count)
    var places: [[UInt8]: Int] = [:]
    var held = Holding(held)
    for (index, event) in events.enumerated() {
      let stream: [UInt8]
      do throws(UnwritableEvent) { stream = try writer.stream(of: event) } catch {
        verdicts[index] = .refused(.init(error.reason))
        held.hold(event, nil)
        continue
      }
      guard !held.holds(event, stream) else {
        verdicts[index] = RedisTrouble.waits.verdict
        continue
      }
      let place = places[stream] ?? additions.count
      if place == additions.count {
        places[stream] = place
        additions.append(Addition(stream: stream))
      }
      do throws(UnwritableEvent) {
        let count = try writer.append(event, to: &additions[place].arguments, longest: longest)
        additions[place].count += count
        additions[place].events.append(index)
        additions[place].first = additions[place].first ?? event.event.position
        additions[place].last = event.event.position
      } catch {
        verdicts[index] = .refused(.init(error.reason))
        held.hold(event, stream)
      }
    }
    additions.removeAll { $0.events.isEmpty }
  }

  /// For letters in a stream.
  init(_ letters: [DeadLetter], for stream: String) {
    verdicts = Array(repeating: nil, count: letters.count)
    var addition = Addition(stream: Array(stream.utf8))
    for (index, letter) in letters.enumerated() {
      addition.count += EntryWriter.append(letter, to: &addition.arguments)
      addition.events.append(index)
    }
    additions = [addition]
  }
}

extension RedisConfiguration {
  /// What must not overtake a refused event.
  enum Hold {
    case nothing, key, stream
  }

  /// Ids that are positions cannot be added behind later ones.
  var hold: Hold { !stopsAtRefusal ? .nothing : identifiers == .position ? .stream : .key }
}

/// What waits for a refused event.
private struct Holding {
  private let hold: RedisConfiguration.Hold
  private var names: Set<ArraySlice<UInt8>> = []

  init(_ hold: RedisConfiguration.Hold) { self.hold = hold }

  /// Of an event whose stream has no name its key is known at most.
  mutating func hold(_ event: OutgoingEvent, _ stream: [UInt8]?) {
    switch (hold, stream) {
    case (.nothing, _): return
    case (.stream, let stream?): names.insert(stream[...])
    case (.key, _), (.stream, nil):
      let key = event.batch.bytes[event.event.key]
      if !key.isEmpty, hold == .key { names.insert(key) }
    }
  }

  func holds(_ event: OutgoingEvent, _ stream: [UInt8]) -> Bool {
    switch hold {
    case .nothing: false
    case .key: names.contains(event.batch.bytes[event.event.key])
    case .stream: names.contains(stream[...])
    }
  }
}

extension WrittenAttempt.Addition {
  /// The call of the script.
  ///
  /// - Parameters:
  ///   - top: the id that the newest entry is known to have; empty for one that is not known, `*` where it does not matter.
  ///   - length: how many entries the stream is to keep; nil for all.
  ///   - isAgain: whether these were sent before, and nobody answered.
  func call(top: String, length: Int?, isAgain: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(arguments.count + AddingScript.text.utf8.count + stream.count + 128)
    bytes.appendArguments(7 + count)
    bytes.appendArgument("EVAL".utf8)
    bytes.appendArgument(AddingScript.text.utf8)
    bytes.appendArgument("1".utf8)
    bytes.appendArgument(stream)
    bytes.appendArgument(top.utf8)
    bytes.appendArgument((length.map(String.init) ?? "").utf8)
    bytes.appendArgument((isAgain ? "1" : "").utf8)
    bytes += arguments
    return bytes
  }

  /// One without entries, which only looks at a stream.
  static func looking(at stream: [UInt8]) -> WrittenAttempt.Addition { .init(stream: stream) }
}
