import Casier
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What a test needs and does not find.
struct Missing: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A running `casier-local`, shared by all tests: a child process that ends with this one, since
/// its standard input does.
final class LocalStack: Sendable {
    /// What it printed.
    let environment: [String: String]
    private let input = Pipe()

    static func shared() throws -> LocalStack { try running.get() }

    private static let running = Result { try LocalStack() }

    private init() throws {
        guard let program = ProcessInfo.processInfo.environment["CASIER_LOCAL_BIN"] else {
            throw Missing("CASIER_LOCAL_BIN names no casier-local")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--until-stdin-closes"]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()

        var printed = ""
        while !printed.contains("# ready\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Missing("casier-local ended: \(printed)") }
            printed += String(decoding: more, as: UTF8.self)
        }
        let settings = printed.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        environment = Dictionary(uniqueKeysWithValues: settings.map { ($0[0], $0[1]) })
        // Before any test reads the environment: here, and nowhere else, is it written.
        for (name, value) in environment { setenv(name, value, 1) }
    }

    func casier() throws -> Casier { try Casier(settings()) }

    func settings() throws -> Casier.Settings {
        var settings = Casier.Settings()
        settings.local = true
        settings.issuer = environment["CLERK_ISSUER"]
        settings.endpointUrl = environment["S3_ENDPOINT_URL"]
        settings.bucket = environment["S3_BUCKET_NAME"]
        settings.accessKeyId = environment["AWS_ACCESS_KEY_ID"]
        settings.secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"]
        settings.region = environment["AWS_REGION"]
        settings.grantRoleArn = environment["S3_GRANT_ROLE_ARN"]
        settings.stsEndpointUrl = environment["STS_ENDPOINT_URL"]
        settings.secret = environment["CASIER_SECRET"].map { [$0] }
        return settings
    }

    /// A new user's session, and so an empty scope.
    func session(tier: String = "free") async throws -> Session {
        let userId = "user_\(UInt64.random(in: 0...UInt64.max))"
        return try await casier().authenticate(mint(userId, ["tier": .string(tier)]))
    }

    /// A token of the local issuer, shaped by the further fields of the mint request.
    func mint(_ userId: String, _ fields: [String: JSONValue] = [:]) async throws -> String {
        guard let url = environment["CASIER_LOCAL_MINT_URL"].flatMap(URL.init(string:)),
            let bearer = environment["CASIER_LOCAL_MINT_TOKEN"]
        else { throw Missing("casier-local told no mint") }
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue("Bearer \(bearer)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let wish = fields.merging(["user_id": .string(userId)]) { _, new in new }
        request.httpBody = try JSONEncoder().encode(wish)
        let answer = try JSONDecoder().decode(JSONValue.self, from: try await send(request).body)
        guard let token = answer["token"]?.stringValue else { throw Missing("no token: \(answer)") }
        return token
    }

    /// The empty scope of a new user, with no limits of a tier.
    func files() throws -> UserStorage {
        try casier().storageFor(userId: "user_\(UInt64.random(in: 0...UInt64.max))")
    }

    /// What a client of the store does with an address that is signed, with these headers and no
    /// others.
    func put(_ data: Data, to url: URL, headers: [String: String]) async throws -> Int {
        var request = URLRequest(url: url)
        request.httpMethod = "PUT"
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        request.httpBody = data
        return try await send(request).response.statusCode
    }

    /// Makes the store behave as `docs/local.md` says of this fault.
    func inject(_ rule: [String: JSONValue]) async throws {
        try await faults("POST", JSONEncoder().encode(rule))
    }

    /// Ends what was injected.
    func clearFaults() async throws {
        try await faults("DELETE", nil)
    }

    private func faults(_ method: String, _ body: Data?) async throws {
        guard let url = environment["CASIER_LOCAL_FAULTS_URL"].flatMap(URL.init(string:)),
            let bearer = environment["CASIER_LOCAL_MINT_TOKEN"]
        else { throw Missing("casier-local told no way to its faults") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.setValue("Bearer \(bearer)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = body
        let answer = try await send(request)
        guard (200..<300).contains(answer.response.statusCode) else {
            throw Missing("no fault: \(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    /// The issuer's key set.
    func jwks() async throws -> String {
        let url = try issuer().appendingPathComponent(".well-known/jwks.json")
        return String(decoding: try await send(URLRequest(url: url)).body, as: UTF8.self)
    }

    func issuer() throws -> URL {
        guard let url = environment["CLERK_ISSUER"].flatMap(URL.init(string:)) else {
            throw Missing("casier-local told no issuer")
        }
        return url
    }

    func send(_ request: URLRequest) async throws -> (body: Data, response: HTTPURLResponse) {
        let (body, response) = try await URLSession.shared.data(for: request)
        guard let http = response as? HTTPURLResponse else { throw Missing("no HTTP answer") }
        return (body, http)
    }
}

/// An empty folder that is removed in the end.
func withFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("casier-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

/// Neither files nor uploads, finished or not.
func nothingIsLeft(_ files: UserStorage) async throws -> Bool {
    let receipt = try await files.deleteAll()
    return receipt.files + receipt.versions + receipt.uploads == 0 && receipt.failed.isEmpty
}

/// The failure of a call that must fail with a `CasierError`.
func failure(of call: () async throws -> Void) async throws -> CasierError {
    do {
        try await call()
    } catch let error as CasierError {
        return error
    }
    throw Missing("the call went through")
}
