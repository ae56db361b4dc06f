using System.Security.Cryptography;
using System.Text;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.Security;

/// <summary>The tokens that are accepted, kept as digests. Several at once let clients change over one by one. Immutable.</summary>
internal sealed class BearerTokens
{
    private const int LeastLength = 16;
    private const int MostLength = 4096;

    private readonly byte[][] _digests;

    private BearerTokens(byte[][] digests) => _digests = digests;

    /// <summary>Reads one token a line; empty lines and lines that begin with <c>#</c> are skipped.</summary>
    /// <exception cref="WorkerFailedException">There is no token, or a line is none. No message shows what stands there.</exception>
    public static BearerTokens Read(string path, byte[] content)
    {
        byte[][] digests = [.. Lines(path, Encoding.UTF8.GetString(content)).Select(static token => Digest(token))];
        return digests.Length > 0
            ? new BearerTokens(digests)
            : throw new WorkerFailedException(FailureReason.InvalidConfiguration, $"{path} holds no token, so nobody could call. Write one a line, or leave --token-file out.");
    }

    /// <summary>The first token of a list, for who shows one.</summary>
    /// <exception cref="WorkerFailedException">There is none.</exception>
    public static string First(string path, string content) => Lines(path, content).FirstOrDefault()
        ?? throw new WorkerFailedException(FailureReason.InvalidConfiguration, $"{path} holds no token to show. Write one into it, or leave --token-file out.");

    /// <summary>Whether the token is one of those. Takes as long for a wrong one as for a right one.</summary>
    public bool Accepts(ReadOnlySpan<char> token)
    {
        if (token.Length > MostLength)
        {
            return false;
        }

        // Digests have one length, and every one is compared, so time tells nothing about a token.
        var digest = Digest(token);
        var accepted = false;
        foreach (var known in _digests)
        {
            accepted |= CryptographicOperations.FixedTimeEquals(digest, known);
        }

        return accepted;
    }

    private static IEnumerable<string> Lines(string path, string content)
    {
        var number = 0;
        foreach (var line in content.Split('\n'))
        {
            number++;
            var token = line.Trim();
            if (token.Length == 0 || token[0] == '#')
            {
                continue;
            }

            if (token.Length is < LeastLength or > MostLength || !token.All(character => character is > ' ' and <= '~'))
            {
                throw new WorkerFailedException(
                    FailureReason.InvalidConfiguration,
                    $"Line {number} of {path} is no token: it has {token.Length} characters, and {LeastLength} to {MostLength} visible ASCII characters are needed. Make one with `openssl rand -base64 32`.");
            }

            yield return token;
        }
    }

    private static byte[] Digest(ReadOnlySpan<char> token)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(MostLength)];
        return SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(token, bytes)]);
    }
}
