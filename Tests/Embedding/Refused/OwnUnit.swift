// SPDX-License-Identifier: Apache-2.0

import DomainEvents

struct Placed: DomainEvent {}

func place<Transaction: UnitTransaction>(_ transaction: Transaction) {
  var unit = UnitOfWork<Transaction>(transaction)
  unit.raise(Placed())
}
