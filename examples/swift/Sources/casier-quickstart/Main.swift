import Casier
import Foundation

/// What the tool is asked for wrongly, or an outcome that the story does not expect.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

@main
struct Main {
    static let usage = """
        usage: casier-quickstart            plays the story; needs casier-local's environment
               casier-quickstart list       lists the files of the token in CASIER_TOKEN
               casier-quickstart read KEY   writes such a file to standard output
        """

    static func main() async {
        do {
            switch Array(CommandLine.arguments.dropFirst()) {
            case []: try await Story().tell()
            case ["list"]: try await list()
            case let arguments where arguments.count == 2 && arguments[0] == "read":
                try await read(arguments[1])
            default: throw Failure(usage)
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    /// Each key with its size, tab-separated, page by page.
    static func list() async throws {
        let files = try await files()
        var cursor: String?
        repeat {
            let page = try await files.list(cursor: cursor)
            for file in page.items { print("\(file.key)\t\(file.size)") }
            cursor = page.nextCursor
        } while cursor != nil
    }

    static func read(_ key: String) async throws {
        let data = try await files().read(key)
        try FileHandle.standardOutput.write(contentsOf: data)
    }

    /// The files of whoever the token in `CASIER_TOKEN` signs in.
    static func files() async throws -> UserStorage {
        guard let token = ProcessInfo.processInfo.environment["CASIER_TOKEN"] else {
            throw Failure("CASIER_TOKEN is not set")
        }
        return try await Casier.fromEnv().authenticate(token).files()
    }
}
