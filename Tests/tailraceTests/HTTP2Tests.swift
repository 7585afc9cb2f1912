// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite(
    .enabled(
      if: TLSReceiver.isAvailable && PythonPackages.isAvailable, "needs openssl, and python3 with pip"))
  struct HTTP2 {
    @Test func `events go over HTTP/2, side by side on one connection, and each key keeps its order`() throws {
      try withPackages { packages in
        for mode in [["structured"], ["batch", "--batch-size", "7"]] {
          try withReceiver([], packages) { database, receiver, options in
            let stream = try database.stream(options + ["--http-mode"] + mode)
            #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
            let events = try Self.events(receiver)
            #expect(events.numbers.sorted() == Array(1...400), "nothing comes twice while nothing fails")
            #expect(events.isOrderedPerKey)
            #expect(receiver.messages == ["h2"], "one connection, and it speaks HTTP/2")
            #expect(try database.rest().isEmpty)
          }
        }
      }
    }

    @Test func `what a receiver drops over HTTP/2 comes again, soon, and each key keeps its order`() throws {
      try withPackages { packages in
        let troubles = ["INTERNAL_ERROR", "REFUSED_STREAM", "GOAWAY", "lost"]
        try withReceiver(troubles, packages) { database, receiver, options in
          let stream = try database.stream(options)
          // Twenty requests that are lost together must not be taken for a receiver that is down for long.
          #expect(try stream.exitCode(within: 15) == 0, "\(stream.errors.text)")
          let events = try Self.events(receiver)
          #expect(Set(events.numbers) == Set(1...400))
          #expect(events.firsts.isOrderedPerKey)
          #expect(Set(receiver.messages) == Set(["h2"] + troubles))
          #expect(receiver.messages.count { $0 == "h2" } > 2, "it connects again")
          #expect(try database.rest().isEmpty)
        }
      }
    }

    @Test func `what is too long for HTTP/2 in binary mode goes over HTTP/1.1, and disturbs nobody`() throws {
      try withPackages { packages in
        try withReceiver([], packages) { database, receiver, options in
          try database.psql(
            """
            INSERT INTO outbox (aggregateid, type, payload)
            SELECT 'l' || n, repeat('x', n * 5000), jsonb_build_object('n', 400 + n) FROM generate_series(1, 14) n;
            """)
          let place = "file:\(database.files.file("letters"))"
          let stream = try database.stream(
            options + ["--http-mode", "binary", "--on-poison", "dead-letter", "--dead-letters", place])
          #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
          let kept = try database.deadLetters(["list"], at: place).output.lines.dropFirst()
          #expect(receiver.bodies.count + kept.count == 414, "nothing comes twice")
          #expect((2...3).contains(kept.count) && kept.allSatisfy { $0.contains("header fields take") })
          #expect(receiver.messages.count { $0 == "h2" } == 1, "its connection goes on")
          #expect(receiver.messages.contains("http/1.1"))
        }
      }
    }

    /// The events of all that was taken; an array has been a batch.
    private static func events(_ receiver: TLSReceiver) throws -> [Event] {
      try receiver.bodies.flatMap { body in
        body.hasPrefix("[") ? try JSONDecoder().decode([Event].self, from: Data(body.utf8)) : try Event.read([body])
      }
    }

    private func withPackages(_ body: (PythonPackages) throws -> Void) throws {
      let packages = try PythonPackages("http2")
      defer { packages.remove() }
      try body(packages)
    }

    /// A receiver that makes trouble with some requests, each kind in turn.
    private func withReceiver(
      _ troubles: [String], _ packages: PythonPackages,
      _ body: (OutboxDatabase, TLSReceiver, _ options: [String]) throws -> Void
    ) throws {
      try withDatabase { database in
        try database.place(1...400, keys: 20)
        let receiver = try TLSReceiver(
          in: database.files, program: "troubles = \(troubles)\n" + Self.program, packages: packages)
        defer { receiver.end() }
        try body(database, receiver, ["--sink", receiver.url, "--ca-file", receiver.authority, "--until", "now"])
      }
    }

    /// Speaks HTTP/2, or HTTP/1.1 to who wants no more. Says `h2` for every connection, and what it does to it.
    private static let program = """
      import asyncio, collections, ssl, sys
      from h2.config import H2Configuration
      from h2.connection import H2Connection
      from h2.errors import ErrorCodes
      from h2.events import ConnectionTerminated, DataReceived, StreamEnded, StreamReset

      requests = 0

      def say(text):
          print(text, file=sys.stderr, flush=True)

      async def serve_old(reader, writer):
          while head := (await reader.readuntil(b"\\r\\n\\r\\n")).decode().lower():
              length = int(head.split("content-length:")[1].split()[0])
              print((await reader.readexactly(length)).decode(), flush=True)
              writer.write(b"HTTP/1.1 204 None\\r\\n\\r\\n")

      async def serve(reader, writer):
          global requests
          if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
              say("http/1.1")
              return await serve_old(reader, writer)
          say("h2")
          connection = H2Connection(H2Configuration(client_side=False))
          connection.initiate_connection()
          writer.write(connection.data_to_send())
          bodies = collections.defaultdict(bytes)
          while data := await reader.read(65536):
              for event in connection.receive_data(data):
                  if isinstance(event, ConnectionTerminated):
                      return writer.close()
                  if isinstance(event, DataReceived):
                      bodies[event.stream_id] += event.data
                      connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                  if not isinstance(event, StreamEnded):
                      continue
                  requests += 1
                  if troubles and requests % 45 == 0:
                      trouble = troubles[requests // 45 % len(troubles)]
                      say(trouble)
                      if trouble == "lost":
                          return writer.transport.abort()
                      if trouble == "GOAWAY":
                          connection.close_connection(last_stream_id=event.stream_id - 2)
                          writer.write(connection.data_to_send())
                          await writer.drain()
                          return writer.close()
                      connection.reset_stream(event.stream_id, ErrorCodes[trouble])
                      continue
                  print(bodies.pop(event.stream_id).decode(), flush=True)
                  connection.send_headers(event.stream_id, [(":status", "204")], end_stream=True)
              writer.write(connection.data_to_send())
              await writer.drain()
          writer.close()

      async def main():
          context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
          context.load_cert_chain(sys.argv[1], sys.argv[2])
          context.set_alpn_protocols(["h2", "http/1.1"])
          server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, limit=1 << 20)
          print(server.sockets[0].getsockname()[1], flush=True)
          await server.serve_forever()

      asyncio.run(main())
      """
  }
}
