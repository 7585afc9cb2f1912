// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Receivers that mean harm: what they cost is bounded and told, and nothing is lost.
  @Suite(
    .enabled(
      if: TLSReceiver.isAvailable && PythonPackages.isAvailable, "needs openssl, and python3 with pip"))
  struct HostileReceivers {
    @Test(arguments: [
      // What it does to connections and streams until it is healthy, and whether events are told to fail meanwhile.
      "resets every stream", "never opens the window", "sends GOAWAY on every connection", "sends GOAWAY and stays",
      "floods with pings", "floods with settings", "promises no stream",
    ])
    func `a receiver that abuses HTTP/2 is bounded and told, and gets everything once it is healthy`(
      how: String
    ) throws {
      try withReceiver(how) { database, receiver, heal in
        let before = try database.confirmed()
        let stream = try database.stream(receiver.options + ["--response-timeout", "2s", "--total-timeout", "4s"])
        try wait(until: "it is told", within: 30) {
          stream.messages.contains { $0.contains("delivery to \(receiver.server.url) fails: ") }
        }
        let ticks = try ProcessFacts.processorTicks(stream.pid)
        Thread.sleep(forTimeInterval: 4)
        // Taking a flood is work; waiting is none.
        if !how.contains("floods") { #expect(try ProcessFacts.processorTicks(stream.pid) - ticks < 200) }
        #expect(stream.isRunning, "\(stream.errors.text)")
        #expect(receiver.server.bodies.isEmpty)
        #expect(
          receiver.server.messages.count < 400, "it does not connect without end: \(receiver.server.messages.count)")
        #expect(stream.messages.count < 20, "\(stream.errors.text)")
        #expect(try database.confirmed() == before)
        heal()
        try finish(stream, database, receiver)
      }
    }

    @Test(arguments: ["answers with a gzip bomb", "answers with a bomb of header fields", "answers without an end"])
    func `an answer that is a bomb costs little, and counts for what its head says`(how: String) throws {
      try withReceiver(how) { database, receiver, heal in
        let stream = try database.stream(receiver.options)
        if how.contains("fields") {
          try wait(until: "it is told", within: 30) { stream.messages.contains { $0.contains(" fails: ") } }
          heal()
        }
        try finish(stream, database, receiver)
      }
    }

    @Test(arguments: ["gzip", "identity"])
    func `over HTTP/1.1 an answer without an end costs little, and its head counts`(encoding: String) throws {
      let endless = """
        self.send_response(200); self.send_header("content-encoding", "\(encoding)"); self.send_header("content-length", str(1 << 40))
                self.end_headers()
                import gzip
                packed = gzip.compress(bytes(1 << 24))
                try:
                    while True: self.wfile.write(packed)
                except OSError: pass
        """
      let program = TLSReceiver.program.replacing("self.send_response(204)", with: endless)
        .replacing("except OSError: pass\n        self.end_headers()", with: "except OSError: pass")
      try withDatabase { database in
        try database.place(1...40, keys: 10)
        let server = try TLSReceiver(in: database.files, program: program)
        defer { server.end() }
        let receiver = Receiver(server: server)
        try finish(try database.stream(receiver.options), database, receiver)
      }
    }

    private func finish(
      _ stream: ChildProcess, _ database: OutboxDatabase, _ receiver: Receiver
    ) throws {
      let last = try database.position()
      try wait(until: "everything arrives", within: 90, every: 0.1) { try database.hasConfirmed(last) }
      let peak = try ProcessFacts.peakMemory(stream.pid)
      #expect(peak < 160_000, "\(peak) kB")
      stream.signal(SIGTERM)
      #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
      let events = try Event.read(receiver.server.bodies)
      #expect(Set(events.numbers) == Set(1...40))
      #expect(events.firsts.isOrderedPerKey)
    }

    private struct Receiver {
      let server: TLSReceiver
      var options: [String] { ["--sink", server.url, "--ca-file", server.authority] }
    }

    private func withReceiver(
      _ trouble: String, _ body: (OutboxDatabase, Receiver, _ heal: () -> Void) throws -> Void
    ) throws {
      let packages = try PythonPackages("http2")
      defer { packages.remove() }
      try withDatabase { database in
        try database.place(1...40, keys: 10)
        let receiver = try TLSReceiver(
          in: database.files, program: "trouble = \"\(trouble)\"\n" + Self.program, packages: packages)
        defer { receiver.end() }
        try body(database, Receiver(server: receiver)) {
          _ = FileManager.default.createFile(atPath: receiver.certificate + ".healthy", contents: nil)
        }
      }
    }

    /// Says `h2` for every connection. Is healthy once there is a file beside its certificate.
    private static let program = """
      import asyncio, collections, gzip, io, os, ssl, sys
      from h2.config import H2Configuration
      from h2.connection import H2Connection
      from h2.errors import ErrorCodes
      from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded
      from h2.settings import SettingCodes

      def say(text):
          print(text, file=sys.stderr, flush=True)

      def is_healthy():
          return os.path.exists(sys.argv[1] + ".healthy")

      def bomb(size):
          packed = io.BytesIO()
          with gzip.GzipFile(fileobj=packed, mode="wb") as file:
              for _ in range(size >> 20):
                  file.write(bytes(1 << 20))
          return packed.getvalue()

      packed = bomb(1 << 30) if "gzip" in trouble else b""

      async def flood(writer, frame):
          try:
              while not is_healthy():
                  writer.write(frame * 500)
                  await writer.drain()
                  await asyncio.sleep(0)
          except OSError:
              pass
          writer.close()

      async def serve(reader, writer):
          say("h2")
          ill = trouble and not is_healthy()
          connection = H2Connection(H2Configuration(client_side=False))
          if ill and trouble == "never opens the window":
              connection.local_settings = type(connection.local_settings)(
                  client=False, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: 0})
          if ill and trouble == "promises no stream":
              connection.local_settings = type(connection.local_settings)(
                  client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: 0})
          connection.initiate_connection()
          if ill and "GOAWAY" in trouble:
              connection.close_connection(last_stream_id=0)
              writer.write(connection.data_to_send())
              await writer.drain()
              if "stays" not in trouble:
                  return writer.close()
              while await reader.read(65536):
                  pass
              return writer.close()
          writer.write(connection.data_to_send())
          if ill and "floods" in trouble:
              # Reads nothing of what comes back.
              frame = b"\\0\\0\\x08\\x06\\0\\0\\0\\0\\0" + bytes(8) if "pings" in trouble else b"\\0\\0\\0\\x04\\0\\0\\0\\0\\0"
              return await flood(writer, frame)
          bodies = collections.defaultdict(bytes)
          while data := await reader.read(65536):
              for event in connection.receive_data(data):
                  if isinstance(event, ConnectionTerminated):
                      return writer.close()
                  if isinstance(event, RequestReceived) and ill and trouble == "resets every stream":
                      connection.reset_stream(event.stream_id, ErrorCodes.CANCEL)
                  if ill and trouble == "resets every stream":
                      continue
                  if isinstance(event, DataReceived):
                      bodies[event.stream_id] += event.data
                      try:
                          connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                      except Exception:
                          pass
                  if not isinstance(event, StreamEnded) or event.stream_id not in bodies:
                      continue
                  if ill and "fields" in trouble:
                      fields = [(":status", "204")] + [("x-bomb", "x" * 3900)] * 16000
                      connection.send_headers(event.stream_id, fields, end_stream=True)
                      continue
                  print(bodies.pop(event.stream_id).decode(), flush=True)
                  if "gzip" in trouble or "without an end" in trouble:
                      connection.send_headers(
                          event.stream_id, [(":status", "200"), ("content-encoding", "gzip")])
                      asyncio.create_task(send(connection, event.stream_id, writer))
                  else:
                      connection.send_headers(event.stream_id, [(":status", "204")], end_stream=True)
              writer.write(connection.data_to_send())
              await writer.drain()
          writer.close()

      async def send(connection, stream, writer):
          rest = packed
          try:
              while rest or "without an end" in trouble:
                  room = min(connection.local_flow_control_window(stream), connection.max_outbound_frame_size)
                  if room > 0:
                      connection.send_data(stream, rest[:room] or bytes(room))
                      rest = rest[room:]
                      writer.write(connection.data_to_send())
                      await writer.drain()
                  await asyncio.sleep(0 if room > 0 else 0.01)
              connection.end_stream(stream)
              writer.write(connection.data_to_send())
          except Exception:
              pass

      async def main():
          context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
          context.load_cert_chain(sys.argv[1], sys.argv[2])
          context.set_alpn_protocols(["h2"])
          server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, limit=1 << 20)
          print(server.sockets[0].getsockname()[1], flush=True)
          await server.serve_forever()

      asyncio.run(main())
      """
  }
}
