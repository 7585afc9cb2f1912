// SPDX-License-Identifier: Apache-2.0

import DomainEvents

func keep<Source>(_ units: UnitsOfWork<Source>) async throws {
  var kept: UnitOfWork<Source.Transaction>?
  try await units.run { unit in kept = unit }
}
