// swift-tools-version: 6.0
import PackageDescription

// The compiled core. On Apple's platforms an XCFramework holds it, header and library. Elsewhere
// the package brings the header alone, and whoever builds tells the linker where the library is:
// docs/swift.md says how.
#if os(Linux)
let core: Target = .systemLibrary(name: "CasierFFI", path: "bindings-swift/Sources/CasierFFI")
#else
let core: Target = .binaryTarget(name: "CasierFFI", path: "bindings-swift/CasierFFI.xcframework")
#endif

let package = Package(
    name: "Casier",
    platforms: [.macOS(.v13), .iOS(.v16), .tvOS(.v16), .watchOS(.v9), .visionOS(.v1)],
    products: [
        .library(name: "Casier", targets: ["Casier"])
    ],
    targets: [
        core,
        // What UniFFI generates is not ready for Swift 6 mode: it is kept apart, and internal.
        .target(
            name: "CasierInternal",
            dependencies: ["CasierFFI"],
            path: "bindings-swift/Sources/CasierInternal",
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
        .target(
            name: "Casier",
            dependencies: ["CasierInternal"],
            path: "bindings-swift/Sources/Casier"
        ),
        .testTarget(
            name: "CasierTests",
            dependencies: ["Casier", "CasierInternal"],
            path: "bindings-swift/Tests/CasierTests"
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["Casier", "CasierInternal"],
            path: "tests/conformance/swift"
        ),
    ]
)
