using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace FleetOps.ModelStore.Verification;

/// <summary>SHA-256 of files, read from the disk in pieces.</summary>
internal static class FileDigest
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Hashes a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onProgress">Told how many bytes are hashed.</param>
    /// <param name="cancellationToken">Ends the hashing.</param>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static Task<string> ComputeAsync(string path, Action<long> onProgress, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                Append(hash, file, long.MaxValue, onProgress, cancellationToken);
                return Finish(hash);
            },
            cancellationToken);

    /// <summary>Adds the first bytes of a file to a hash; returns how many there were.</summary>
    public static long Append(IncrementalHash hash, SafeFileHandle file, long length, Action<long> onProgress, CancellationToken cancellationToken)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            long done = 0;
            while (done < length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int read = RandomAccess.Read(file, piece.AsSpan(0, (int)Math.Min(piece.Length, length - done)), done);
                if (read == 0)
                {
                    break;
                }

                hash.AppendData(piece, 0, read);
                done += read;
                onProgress(done);
            }

            return done;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>The digest of all that was added, as lower-case hexadecimal digits; the hash starts anew.</summary>
    public static string Finish(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());
}
