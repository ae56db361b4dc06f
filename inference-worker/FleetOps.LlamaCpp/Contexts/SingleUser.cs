namespace FleetOps.LlamaCpp.Contexts;

/// <summary>
/// Notices two threads inside one context, which llama.cpp answers with a crash sooner or later. It is a check, not a
/// lock: the second thread gets an exception, because waiting would only hide the mistake.
/// </summary>
internal sealed class SingleUser
{
    private int _thread;

    /// <summary>Enters; leave by disposing what it gives.</summary>
    /// <exception cref="InvalidOperationException">Another thread is inside.</exception>
    public Visit Enter()
    {
        var current = Environment.CurrentManagedThreadId;
        var inside = Interlocked.CompareExchange(ref _thread, current, 0);
        return inside == 0
            ? new Visit(this)
            : throw new InvalidOperationException(
                $"Thread {current} uses a llama.cpp context while thread {inside} is inside it. A context belongs to one thread at a time; give it an owner thread and hand work to that.");
    }

    internal readonly ref struct Visit(SingleUser user)
    {
        public void Dispose() => Volatile.Write(ref user._thread, 0);
    }
}
