using System.Security.Cryptography;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Verification;
using Microsoft.Win32.SafeHandles;

namespace FleetOps.ModelStore.Downloads;

/// <summary>
/// A file that grows from its start, its digest growing with it. One piece is hashed and written while the caller fills the other. Not thread-safe.
/// </summary>
internal sealed class PartialFile : IAsyncDisposable
{
    public const int PieceBytes = 512 * 1024;

    // After so many bytes the part and its record are flushed, so that a power cut costs no more than this.
    private const long CheckpointBytes = 128L << 20;

    private readonly string _path;
    private readonly string _recordPath;
    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _filling = new byte[PieceBytes];
    private byte[] _storing = new byte[PieceBytes];
    private Task _store = Task.CompletedTask;
    private long _checkpoint;

    private PartialFile(string path, string recordPath, SafeFileHandle file) => (_path, _recordPath, _file) = (path, recordPath, file);

    /// <summary>Bytes in the file, those being stored included.</summary>
    public long Length { get; private set; }

    /// <summary>What the part is a part of; null while nothing is known.</summary>
    public PartRecord? Record { get; private set; }

    /// <summary>True when bytes in the file came from more than one answer, so that they may be of two versions of the file.</summary>
    public bool Joined { get; set; }

    /// <summary>The piece to fill next.</summary>
    public Memory<byte> Piece => _filling;

    /// <summary>Opens the part of a file, taking over what an earlier process left if it belongs to the same version of the file.</summary>
    /// <param name="path">The part.</param>
    /// <param name="recordPath">The record beside it.</param>
    /// <param name="sha256">The digest the whole file must have; null when nobody names one.</param>
    /// <param name="revision">The commit; null where the source has none.</param>
    /// <param name="onProgress">Told how much of what is there is hashed.</param>
    /// <param name="cancellationToken">Ends the hashing.</param>
    public static async Task<PartialFile> OpenAsync(
        string path, string recordPath, string? sha256, string? revision, Action<long> onProgress, CancellationToken cancellationToken)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        var part = new PartialFile(path, recordPath, file);
        try
        {
            PartRecord? record = PartRecord.Read(recordPath);
            bool ours = record is not null && record.Sha256 == sha256 && record.Revision == revision && (record.HasValidator || sha256 is not null);
            long length = ours ? part.TrustedLength(record!) : 0;
            if (length == 0)
            {
                part.Restart();
                return part;
            }

            RandomAccess.SetLength(file, length);
            part.Record = record;
            part.Length = part._checkpoint = await Task.Run(
                () => FileDigest.Append(part._hash, file, length, onProgress, cancellationToken), cancellationToken).ConfigureAwait(false);
            part.Joined = true;
            return part;
        }
        catch
        {
            await part.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Forgets all bytes.</summary>
    public void Restart()
    {
        RandomAccess.SetLength(_file, 0);
        _ = _hash.GetHashAndReset();
        (Length, _checkpoint, Record, Joined) = (0, 0, null, false);
        File.Delete(_recordPath);
    }

    /// <summary>Notes what the bytes that follow belong to.</summary>
    public void Describe(PartRecord record)
    {
        Record = record with { DurableBytes = _checkpoint };
        Record.Write(_recordPath);
    }

    /// <summary>Stores the first bytes of <see cref="Piece"/>; when it returns there is another piece to fill.</summary>
    public async ValueTask AppendAsync(int count)
    {
        if (count == 0)
        {
            return;
        }

        await _store.ConfigureAwait(false);
        (_filling, _storing) = (_storing, _filling);
        await StoreAsync(_storing, count).ConfigureAwait(false);
    }

    /// <summary>Stores the first bytes of a buffer, which must stay as it is until the next call of this returns.</summary>
    public async ValueTask StoreAsync(byte[] piece, int count)
    {
        await _store.ConfigureAwait(false);
        long at = Length;
        Length += count;
        // Either takes about as long as the other.
        _store = Task.WhenAll(
            Task.Run(() => _hash.AppendData(piece, 0, count)),
            Task.Run(() =>
            {
                RandomAccess.Write(_file, piece.AsSpan(0, count), at);
                NativeFiles.BeginFlush(_file, at, count);
            }));
        if (Length - _checkpoint >= CheckpointBytes)
        {
            await CheckpointAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits until all bytes are stored, flushes them to the disk and notes how far they reach.</summary>
    public async Task CheckpointAsync()
    {
        await _store.ConfigureAwait(false);
        if (Record is null || Length == _checkpoint)
        {
            return;
        }

        RandomAccess.FlushToDisk(_file);
        _checkpoint = Length;
        Describe(Record);
    }

    /// <summary>Waits until all bytes are on the disk; returns their digest. Nothing can be appended after this but by starting anew.</summary>
    public async Task<string> FinishAsync()
    {
        await CheckpointAsync().ConfigureAwait(false);
        RandomAccess.FlushToDisk(_file);
        return FileDigest.Finish(_hash);
    }

    /// <summary>Removes the part and its record.</summary>
    public void Discard()
    {
        Restart();
        File.Delete(_path);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _hash.Dispose();
        _file.Dispose();
    }

    // Behind a digest every byte on the disk may be tried. Without one, only what was flushed counts: a power cut can leave zeros after it.
    private long TrustedLength(PartRecord record)
    {
        long length = RandomAccess.GetLength(_file);
        return record.Sha256 is not null ? length : Math.Min(length, record.DurableBytes);
    }
}
