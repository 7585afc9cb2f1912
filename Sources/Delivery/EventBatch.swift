// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import PostgresWire
import Synchronization

/// A run of encoded events, in order.
public struct EventBatch: Sendable {
  /// The encoded lines, one after another.
  public var bytes: [UInt8] = []
  /// Where each event lies in `bytes`.
  public var events: [EncodedEvent] = []
  /// Attributes that few events have, noted beside them.
  public var attributes: [EncodedAttribute] = []

  /// Makes an empty batch.
  public init() {}

  /// Empties it, keeping its memory.
  package mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    events.removeAll(keepingCapacity: true)
    attributes.removeAll(keepingCapacity: true)
  }

  /// Drops the events from an index on.
  package mutating func drop(from index: Int) {
    guard index < events.count else { return }
    bytes.removeSubrange(events[index].line.lowerBound...)
    attributes.removeSubrange(events[index].attributes.lowerBound...)
    events.removeSubrange(index...)
  }

  /// Appends the events of another batch from an index on.
  package mutating func append(_ other: EventBatch, from index: Int) {
    guard index < other.events.count else { return }
    let (start, first) = (other.events[index].line.lowerBound, other.events[index].attributes.lowerBound)
    let (distance, shift) = (bytes.count - start, attributes.count - first)
    bytes.append(contentsOf: other.bytes[start...])
    attributes.append(contentsOf: other.attributes[first...])
    for event in other.events[index...] {
      var moved = event.moved(by: distance)
      moved.attributes = event.attributes.shifted(by: shift)
      events.append(moved)
    }
  }

  /// A piece of an event as text, unescaped.
  public func text(_ range: Range<Int>) -> String { String(decoding: unescaped(range), as: UTF8.self) }

  /// A piece of an event, unescaped.
  public func unescaped(_ range: Range<Int>) -> [UInt8] {
    var text: [UInt8] = []
    _ = unsafe text.appendUnescaped(bytes.span.bytes, range)
    return text
  }

  /// An event's line without its newline.
  public func line(of event: EncodedEvent) -> ArraySlice<UInt8> { bytes[event.line.dropLast()] }
}

extension EventBatch {
  /// Adds the event of a dead letter, byte for byte; an error when there is none in it.
  package mutating func append(_ letter: DeadLetter) throws(Failure) {
    let start = bytes.count
    bytes.append(contentsOf: letter.event.utf8)
    guard var event = EncodedEvent.read(bytes, start..<bytes.count, position: letter.position, &attributes) else {
      bytes.removeSubrange(start...)
      throw Failure(.letters, "the dead letter at \(letter.position.sequence) holds no event")
    }
    bytes.append(UInt8(ascii: "\n"))
    event.line = start..<bytes.count
    events.append(event)
  }
}

/// The batches of a sink that are not done yet, so that each is told its fate exactly once.
public final class OpenBatches: Sendable {
  private struct State {
    var open: [Int: Sink.Done] = [:]
    var next = 0
    /// Why no batch will be done any more.
    var failure: Failure?
  }

  private let state = Mutex(State())

  /// Makes a register without batches.
  public init() {}

  /// Why no batch will be done any more; nil while that is open.
  public var failure: Failure? { state.withLock(\.failure) }

  /// Takes a batch in; gives the number it is known by, or nil when it has been told already that it will not be done.
  public func open(_ done: @escaping Sink.Done) -> Int? {
    let (number, failure) = state.withLock { state -> (Int, Failure?) in
      let number = state.next
      if state.failure == nil {
        state.next += 1
        state.open[number] = done
      }
      return (number, state.failure)
    }
    guard let failure else { return number }
    done(failure)
    return nil
  }

  /// A batch is durable. Nothing happens if it has been told its fate already.
  public func finish(_ number: Int) {
    state.withLock { $0.open.removeValue(forKey: number) }?(nil)
  }

  /// No batch that is open now, or comes later, will be done; of several failures the first one counts.
  public func fail(_ error: Failure) {
    let open = state.withLock { state -> [(Int, Sink.Done)] in
      state.failure = state.failure ?? error
      defer { state.open = [:] }
      return state.open.sorted { $0.key < $1.key }
    }
    for (_, done) in open { done(error) }
  }
}
