import Foundation

#if canImport(Glibc)
    import Glibc
    private let stream = Int32(SOCK_STREAM.rawValue)
#else
    import Darwin
    private let stream = SOCK_STREAM
#endif

/// Passes bytes on between clients and a server on loopback, and none any more once so many have
/// gone one way: so a transfer can be held half-way.
final class StallingProxy: @unchecked Sendable {
    enum Direction { case up, down }

    let port: UInt16
    private let server: UInt16
    private let direction: Direction
    private let limit: Int
    private let listener: Int32
    private let lock = NSLock()
    private var sockets: [Int32] = []
    private var passed = 0
    private let stalled = AsyncStream<Void>.makeStream()

    init(before server: UInt16, stall direction: Direction, after limit: Int) throws {
        (self.server, self.direction, self.limit) = (server, direction, limit)
        let listener = socket(AF_INET, stream, 0)
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withSocketAddress(&address) { address in
            bind(listener, address, size) == 0 && listen(listener, 16) == 0
                && getsockname(listener, address, &size) == 0
        }
        guard bound else { throw Missing("no socket: errno \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
        self.listener = listener
        sockets = [listener]
        Thread.detachNewThread { self.accept() }
    }

    /// Returns once the proxy holds bytes back.
    func untilStalled() async {
        for await _ in stalled.stream { return }
    }

    /// Ends all connections.
    func stop() {
        lock.withLock {
            for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    private func accept() {
        while true {
            #if canImport(Glibc)
                let client = Glibc.accept(listener, nil, nil)
            #else
                let client = Darwin.accept(listener, nil, nil)
            #endif
            guard client >= 0 else { return }
            let upstream = socket(AF_INET, stream, 0)
            var address = loopback(server)
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard withSocketAddress(&address, { connect(upstream, $0, size) }) == 0 else { return }
            lock.withLock { sockets += [client, upstream] }
            Thread.detachNewThread { self.pass(from: client, to: upstream, .up) }
            Thread.detachNewThread { self.pass(from: upstream, to: client, .down) }
        }
    }

    private func pass(from source: Int32, to target: Int32, _ way: Direction) {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while case let count = read(source, &buffer, buffer.count), count > 0 {
            if way == direction, lock.withLock({ passed += count; return passed > limit }) {
                stalled.continuation.yield()
                return
            }
            var sent = 0
            while sent < count {
                let more = buffer[sent..<count].withUnsafeBytes {
                    send(target, $0.baseAddress, $0.count, Int32(noSignal))
                }
                guard more > 0 else { return }
                sent += more
            }
        }
        shutdown(target, Int32(SHUT_WR))
    }
}

#if canImport(Glibc)
    private let noSignal = MSG_NOSIGNAL
#else
    private let noSignal = 0
#endif

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
}

private func withSocketAddress<Value>(
    _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Value
) -> Value {
    withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
    }
}
