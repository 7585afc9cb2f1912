// SPDX-License-Identifier: Apache-2.0

import Contracts
import Operations
import PostgresWire

/// Whether the contracts can be used.
extension ContractSettings {
  /// Nil where events are held to none.
  var check: Check? {
    do throws(Failure) {
      guard let (_, versions) = try compile() else { return nil }
      return Check(
        .contracts, .ok, "\(versions) \(versions == 1 ? "contract" : "contracts") in \(directory ?? "")",
        means: warnsOnly
          ? "an event that breaks its contract is told of" : "an event that breaks its contract is poison")
    } catch {
      return Check(.contracts, error, means: "a stream ends before the first event")
    }
  }
}
