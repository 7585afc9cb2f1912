// SPDX-License-Identifier: Apache-2.0

package import Octets

/// Which versions of a type must read each other. The names are those that schema registries use.
package enum Compatibility: String, CaseIterable, Hashable, Sendable {
  /// Nobody need read anything.
  case none
  /// A version reads what the one before it wrote: readers are upgraded first.
  case backward
  /// A version is read by the one before it: writers are upgraded first.
  case forward
  /// Both.
  case full
  /// As `backward`, with all versions before it.
  case backwardTransitive = "backward_transitive"
  /// As `forward`, with all versions before it.
  case forwardTransitive = "forward_transitive"
  /// As `full`, with all versions before it.
  case fullTransitive = "full_transitive"

  /// Whether a version must read those before it.
  var readsOld: Bool { [.backward, .backwardTransitive, .full, .fullTransitive].contains(self) }

  /// Whether those before it must read a version.
  var isReadByOld: Bool { [.forward, .forwardTransitive, .full, .fullTransitive].contains(self) }

  /// Whether that holds for all before it, or for the last one.
  var isTransitive: Bool { [.backwardTransitive, .forwardTransitive, .fullTransitive].contains(self) }
}

/// What a directory of contracts is held to.
package struct CompatibilityRules: Hashable, Sendable {
  /// What was looked at by hand where nobody else can tell: of a type, that a version may follow another.
  package struct Accepted: Hashable, Sendable {
    package var type: ForeignText
    package var version: Int
    package var before: Int

    package init(type: String, version: Int, before: Int) {
      (self.type, self.version, self.before) = (ForeignText(type), version, before)
    }
  }

  /// What holds where nothing else is said. Default: `backward_transitive`, for a consumer may find any version in a log.
  package var standard = Compatibility.backwardTransitive
  /// What holds for a type.
  package var byType: [ForeignText: Compatibility] = [:]
  /// Whether members count that a schema leaves open without naming them: they may be anything. Default: no.
  package var isStrict = false
  /// The same for a type.
  package var strictByType: [ForeignText: Bool] = [:]
  /// What readers of Protobuf contracts read. Default: JSON too, as rows are.
  package var protobuf = ProtobufRules.wireJSON
  /// What was accepted by hand.
  package var accepted: Set<Accepted> = []

  package init() {}

  /// The types that are named.
  package var types: Set<ForeignText> { Set(byType.keys).union(strictByType.keys).union(accepted.map(\.type)) }

  func compatibility(of type: ForeignText) -> Compatibility { byType[type] ?? standard }

  func isStrict(for type: ForeignText) -> Bool { strictByType[type] ?? isStrict }
}
