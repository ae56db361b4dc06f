using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Says that a stored model is in use, to whoever cleans up. Any number of processes may say so at once; the kernel drops the word of a process that died.
/// The file stays, as that of <see cref="FetchLock"/>. Thread-safe.
/// </summary>
internal sealed class ModelUse : IDisposable
{
    // Whoever cleans up removes what was not used for the longest time, and a process that is killed says no last word.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromHours(1);

    private readonly FileStream _shared;
    private readonly CacheFolder _folder;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private int _ended;

    private ModelUse(FileStream shared, CacheFolder folder, TimeProvider time)
    {
        (_shared, _folder, _time) = (shared, folder, time);
        _timer = time.CreateTimer(static use => ((ModelUse)use!).Touch(), this, Heartbeat, Heartbeat);
    }

    /// <summary>Begins a use. The caller holds the lock of the source or a share of it, which keeps cleaners away.</summary>
    public static ModelUse Begin(CacheFolder folder, TimeProvider time) =>
        new(new FileStream(folder.UsePath, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0), folder, time);

    /// <summary>True when nobody uses the model of a folder, and that is certain. The caller holds the lock of the source, so that nobody begins meanwhile.</summary>
    public static bool IsFree(CacheFolder folder, bool hasLocks = true)
    {
        using FetchLock? alone = FetchLock.TryAcquire(folder.UsePath, hasLocks);
        return alone is { IsProved: true };
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _timer.Dispose();
            Touch();
            _shared.Dispose();
        }
    }

    private void Touch()
    {
        try
        {
            _folder.Touch(_time.GetUtcNow());
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            // A volume that is gone, or a user that may not write any more: the model counts as older than it is.
        }
    }
}
