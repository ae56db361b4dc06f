namespace FleetOps.ModelStore.Files;

/// <summary>
/// Keeps two fetches of one source apart, in one process or in several on one volume. The kernel drops the lock with its holder, so a dead process
/// cannot keep it; the file stays, because removing it would let two holders have two different files.
/// </summary>
internal sealed class FetchLock : IDisposable
{
    private const int WouldBlock = 11;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private readonly FileStream _file;

    private FetchLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="time">Clock of the waiting.</param>
    /// <param name="onWait">Called once when somebody else holds it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<FetchLock> AcquireAsync(string path, TimeProvider time, Action onWait, CancellationToken cancellationToken)
    {
        bool waited = false;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryAcquire(path) is { } acquired)
            {
                return acquired;
            }

            if (!waited)
            {
                waited = true;
                onWait();
            }

            await Task.Delay(Poll, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock; null when somebody else holds it.</summary>
    public static FetchLock? TryAcquire(string path)
    {
        try
        {
            return new FetchLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
