// SPDX-License-Identifier: Apache-2.0

package import IntegrationEvents
package import PostgresWire

extension PayloadRefusal {
  /// What to do, with what to set at its end.
  package var remedy: Wording? {
    guard let advice else { return nil }
    return setting.map { "\(advice) \(setting: $0.name, $0.value)" } ?? Wording(advice)
  }

  /// Why, and what to do.
  package var words: Wording { remedy.map { "\(reason); \($0)" } ?? Wording(reason) }
}
