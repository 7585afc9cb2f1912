// SPDX-License-Identifier: Apache-2.0

import DomainEvents

struct Placed: DomainEvent {}

func place<Source>(_ units: UnitsOfWork<Source>) { units.raise(Placed()) }
