namespace FleetOps.ModelStore.Files;

/// <summary>
/// Keeps two fetches of one source apart, in one process or in several on one volume. Those who only read a stored model share it. The kernel drops the lock
/// with its holder, so a dead process cannot keep it; the file stays, because removing it would let two holders have two different files.
/// </summary>
/// <remarks>
/// A lock spares a second download; that no wrong file comes of it rests on more. Where it is not proved that the lock reaches everybody
/// (<see cref="IsProved"/>), each fetcher writes to a file that only it knows, takes over nobody's, and nothing of others is removed: two fetchers at
/// once then cost a download and nothing else, because what either of them publishes is whole and verified when it is renamed.
/// </remarks>
internal sealed class FetchLock : IDisposable
{
    private const int WouldBlock = 11;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private readonly FileStream _file;

    private FetchLock(FileStream file, bool isProved) => (_file, IsProved) = (file, isProved);

    /// <summary>True when nobody else can hold it, on no machine.</summary>
    public bool IsProved { get; }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="options">Clock of the waiting, and whether the volume has locks.</param>
    /// <param name="onWait">Called once when somebody else holds it.</param>
    /// <param name="isNeedless">Ends the waiting when it says so.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The lock; null when there is no more need for it.</returns>
    public static Task<FetchLock?> AcquireAsync(string path, ModelFetcherOptions options, Action onWait, Func<bool> isNeedless, CancellationToken cancellationToken) =>
        WaitAsync(() => TryAcquire(path, options.HasLocks), options.TimeProvider, onWait, isNeedless, cancellationToken);

    /// <summary>Waits for a share of the lock, which keeps fetchers out and nobody else.</summary>
    public static async Task<FetchLock> ShareAsync(string path, ModelFetcherOptions options, Action onWait, CancellationToken cancellationToken) =>
        (await WaitAsync(() => TryShare(path, options.HasLocks), options.TimeProvider, onWait, static () => false, cancellationToken).ConfigureAwait(false))!;

    /// <summary>Takes the lock; null when somebody else holds it or a share of it.</summary>
    public static FetchLock? TryAcquire(string path, bool hasLocks = true) =>
        TryOpen(path, FileAccess.ReadWrite, hasLocks ? FileShare.None : FileShare.ReadWrite, hasLocks);

    public void Dispose() => _file.Dispose();

    private static FetchLock? TryShare(string path, bool hasLocks) => TryOpen(path, FileAccess.Read, FileShare.ReadWrite, hasLocks);

    private static async Task<FetchLock?> WaitAsync(Func<FetchLock?> take, TimeProvider time, Action onWait, Func<bool> isNeedless, CancellationToken cancellationToken)
    {
        bool waited = false;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (take() is { } acquired)
            {
                return acquired;
            }

            if (!waited)
            {
                waited = true;
                onWait();
            }

            if (isNeedless())
            {
                return null;
            }

            await Task.Delay(Poll, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static FetchLock? TryOpen(string path, FileAccess access, FileShare share, bool hasLocks)
    {
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, access, share, bufferSize: 0);
            return new FetchLock(file, hasLocks && NativeFiles.IsLocked(file.SafeFileHandle, share == FileShare.None) && VolumeLocks.ReachAll(path));
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            return null;
        }
    }
}
