// SPDX-License-Identifier: Apache-2.0

/// A type's or a table's object identifier. A table keeps it through every change of its name, schema or shape.
public typealias ObjectID = UInt32
