// SPDX-License-Identifier: Apache-2.0

/// Why a unit of work was rolled back, beside what was thrown in it.
public enum UnitOfWorkError: Error, CustomStringConvertible {
  /// Handlers raised events whose handlers raised events, more than are allowed: the chain's types, from the first.
  case cascade([String])
  /// A unit raised more events than are allowed: how many these are, and the types that led to one too many.
  case tooManyEvents(Int, [String])
  /// A unit that had joined this one failed, and this one would have gone on as if it had not.
  case innerUnitFailed(any Error)
  /// Two units wanted to join this one at once: a transaction does one thing at a time.
  case joinedAtOnce
  /// A unit that had joined this one, in a task that nobody waited for, was not done yet.
  case innerUnitRunning
  /// A unit wanted to join this one when its work and its handlers were done, as from what takes all that was left.
  case joinedLate
  /// A unit that had joined this one raised an event for which only its own runner has handlers, and it is this one's that
  /// count: the event's type.
  case notHandled(String)
  /// Something was left that nobody takes: its type.
  case notTaken(String)

  /// One line.
  public var description: String {
    switch self {
    case .cascade(let chain): "events raise events without an end: \(Self.shown(chain))"
    case .tooManyEvents(let limit, let chain): "a unit of work raised more than \(limit) events: \(Self.shown(chain))"
    case .innerUnitFailed(let error): "a unit of work inside this one failed: \(error)"
    case .joinedAtOnce: "two units of work are inside one at once: let one wait for the other"
    case .innerUnitRunning: "a unit of work inside this one was still at work: wait for its task"
    case .joinedLate: "a unit of work came when all but the commit of the one around it was done: run it before that"
    case .notHandled(let type):
      "\(type) was raised in a unit that has joined one whose runner has no handlers for it: give both the same handlers"
    case .notTaken(let type):
      "nobody takes \(type): an outbox, or whatever is to write it, has to be given to the handlers"
    }
  }

  /// The chain's length, its beginning and its end.
  private static func shown(_ chain: [String]) -> String {
    let names = chain.count > 12 ? chain.prefix(6) + ["…"] + chain.suffix(5) : chain[...]
    return names.joined(separator: " → ") + " (\(chain.count))"
  }
}
