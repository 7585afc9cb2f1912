// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents

/// Steps that cannot bring each version of an event to the present one.
public enum UpcasterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A version has no step that leads on.
  case hole(type: String, version: Int)
  /// A version has two.
  case branch(type: String, version: Int)
  /// A step leads from or to an event that is called otherwise.
  case otherType(String, expected: String)
  /// A step leads down, nowhere, past a version, or beyond the present one; or a version is below the oldest.
  case notUpward(type: String, from: Int, to: Int)
  /// Two Swift types stand for one version: the one that a step leads to, and the one that the next leads from, or the present one.
  case twoTypes(type: String, version: Int)

  /// What is wrong.
  public var description: String {
    switch self {
    case .hole(let type, let version): "\(type) has no upcaster from version \(version)"
    case .branch(let type, let version): "\(type) has two upcasters from version \(version)"
    case .otherType(let type, let expected): "an upcaster of \(expected) is of \(type)"
    case .notUpward(let type, let from, let to):
      "an upcaster of \(type) leads from version \(from) to \(to), not to the next one"
    case .twoTypes(let type, let version):
      "version \(version) of \(type) is one Swift type where an upcaster leads to it, and another where it is read"
    }
  }
}

/// One step from a version of an event to the next.
public struct Upcaster: Sendable {
  let (type, from, to): (String, Int, Int)
  let otherType: String
  let (old, new): (ObjectIdentifier, ObjectIdentifier)
  let decode: @Sendable (ReceivedEvent) throws(EventRefusal) -> any VersionedEvent
  let raise: @Sendable (any VersionedEvent) throws -> any VersionedEvent

  /// Makes a step.
  public init<Old: VersionedEvent, New: VersionedEvent>(
    _ old: Old.Type, to new: New.Type, _ raise: @escaping @Sendable (Old) throws -> New
  ) {
    (type, otherType, from, to) = (Old.type, New.type, Old.version, New.version)
    (self.old, self.new) = (ObjectIdentifier(Old.self), ObjectIdentifier(New.self))
    decode = { event throws(EventRefusal) in try EventJSON.decode(Old.self, event) }
    self.raise = { event in
      guard let event = event as? Old else { throw EventRefusal("an upcaster was given another version") }
      return try raise(event)
    }
  }
}

/// Reads an event of any of its versions as the present one.
public struct Upcasters<Current: VersionedEvent>: Sendable {
  private let steps: [Int: Upcaster]
  private let oldest: Int

  /// Checks the steps: from the oldest version that may still come to the present one, each has exactly one, to the next. What is
  /// older is refused when it comes.
  public init(to current: Current.Type, oldest: Int = 1, _ upcasters: [Upcaster] = []) throws(UpcasterError) {
    var steps: [Int: Upcaster] = [:]
    for step in upcasters {
      for type in [step.type, step.otherType] where type != Current.type {
        throw .otherType(type, expected: Current.type)
      }
      guard step.from >= oldest, step.from < Int.max, step.to == step.from + 1, step.to <= Current.version else {
        throw .notUpward(type: Current.type, from: step.from, to: step.to)
      }
      guard steps.updateValue(step, forKey: step.from) == nil else {
        throw .branch(type: Current.type, version: step.from)
      }
    }
    guard oldest <= Current.version else { throw .notUpward(type: Current.type, from: oldest, to: Current.version) }
    // Each step is one further, so a hole lies within as many versions as there are steps.
    var version = oldest
    while version < Current.version {
      guard let step = steps[version] else { throw .hole(type: Current.type, version: version) }
      version += 1
      let reader = version == Current.version ? ObjectIdentifier(Current.self) : steps[version]?.old
      guard reader == nil || reader == step.new else { throw .twoTypes(type: Current.type, version: version) }
    }
    (self.steps, self.oldest) = (steps, oldest)
  }

  /// Reads an event. One without the attribute `dataversion` is of version 1.
  ///
  /// - Throws: `EventRefusal` for another type, an unknown version, or data that is not what the version says.
  public func read(_ event: ReceivedEvent) throws(EventRefusal) -> Current {
    guard event.type == Current.type else { throw EventRefusal("it is no \(Current.type)") }
    guard let version = Int(event.extensions["dataversion"] ?? "1") else {
      throw EventRefusal("its dataversion is no number")
    }
    if version == Current.version { return try EventJSON.decode(Current.self, event) }
    guard let first = steps[version] else { throw EventRefusal("its version \(version) is not read here") }
    var present = try first.decode(event)
    for step in version..<Current.version {
      guard let upcaster = steps[step] else { throw EventRefusal("its version \(version) is not read here") }
      do {
        present = try upcaster.raise(present)
      } catch {
        throw (error as? EventRefusal) ?? EventRefusal("it cannot be brought from version \(step) to \(step + 1)")
      }
    }
    guard let current = present as? Current else { throw EventRefusal("its upcasters lead to another event") }
    return current
  }
}
