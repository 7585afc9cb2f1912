// SPDX-License-Identifier: Apache-2.0

import DomainEvents

struct Placed: DomainEvent {}

/// What the others lack: a unit of work.
func place<Transaction>(_ unit: inout UnitOfWork<Transaction>) { unit.raise(Placed()) }
