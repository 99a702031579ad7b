import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A plain HTTP client: asks the local issuer for tokens, and follows links.
struct LocalHTTP {
    struct Answer {
        let status: Int
        let contentType: String?
        let body: Data
    }

    private let mintUrl: URL
    private let mintToken: String

    init() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["CASIER_LOCAL_MINT_URL"].flatMap(URL.init(string:)),
            let token = environment["CASIER_LOCAL_MINT_TOKEN"]
        else {
            throw Failure(
                "CASIER_LOCAL_MINT_URL is not set: start casier-local and take its environment")
        }
        (mintUrl, mintToken) = (url, token)
    }

    /// A token of the local issuer.
    func mint(
        _ userId: String, version: Int? = nil, email: String? = nil, tier: String? = nil,
        role: String? = nil, fault: String? = nil
    ) async throws -> String {
        struct Wish: Encodable {
            let user_id: String
            let version: Int?
            let email, tier, role, fault: String?
        }
        struct Minted: Decodable {
            let token: String
        }
        var request = URLRequest(url: mintUrl)
        request.httpMethod = "POST"
        request.setValue("Bearer \(mintToken)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONEncoder().encode(
            Wish(
                user_id: userId, version: version, email: email, tier: tier, role: role,
                fault: fault))
        let answer = try await send(request)
        return try JSONDecoder().decode(Minted.self, from: answer.body).token
    }

    func get(_ url: URL) async throws -> Answer {
        try await send(URLRequest(url: url))
    }

    private func send(_ request: URLRequest) async throws -> Answer {
        let (body, response) = try await URLSession.shared.data(for: request)
        guard let http = response as? HTTPURLResponse else { throw Failure("no HTTP answer") }
        return Answer(
            status: http.statusCode, contentType: http.value(forHTTPHeaderField: "Content-Type"),
            body: body)
    }
}
