// SPDX-License-Identifier: Apache-2.0

import Octets

extension EncodedEvent {
  /// Appends the event to another buffer as it is now that its commit tells position and time; gives where it is there.
  package func append(
    from bytes: RawSpan, committedAt position: EventPosition, _ time: EventTime, to buffer: inout [UInt8]
  ) -> EncodedEvent {
    var committed = moved(by: buffer.count - line.lowerBound)
    committed.position = position
    buffer.append(room: line.count + LineWriter.slack) { copy in
      var copied = line.lowerBound
      // The time stands before the sequence.
      if hasCommitTime {
        copy.append(bytes, copied..<(line.lowerBound + Int(timeOffset)))
        time.append(to: &copy)
        copied = line.lowerBound + Int(timeOffset) + EventTime.textLength
      }
      if sequenceOffset > 0 {
        copy.append(bytes, copied..<(line.lowerBound + Int(sequenceOffset)))
        position.append(to: &copy)
        copied = line.lowerBound + Int(sequenceOffset) + EventPosition.sequenceLength
      }
      copy.append(bytes, copied..<line.upperBound)
    }
    return committed
  }
}
