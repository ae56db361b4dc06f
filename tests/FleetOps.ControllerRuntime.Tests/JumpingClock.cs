using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests;

/// <summary>A clock whose time of day can be set wrong while time itself goes on as it does.</summary>
internal sealed class JumpingClock() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    private int _sleepers;

    public TimeSpan WallClockIsWrongBy { get; set; }

    /// <summary>Tasks that wait for this clock: delays and waits with a limit, time limits of requests not counted.</summary>
    public int Sleepers => Volatile.Read(ref _sleepers);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + WallClockIsWrongBy;

    // The fake clock derives this from the time of day; a real one does not.
    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (state is not Task)
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        Interlocked.Increment(ref _sleepers);
        var awake = 0;
        return new Sleep(base.CreateTimer(_ => { Wake(); callback(state); }, null, dueTime, period), Wake);

        void Wake()
        {
            if (Interlocked.Exchange(ref awake, 1) == 0)
            {
                Interlocked.Decrement(ref _sleepers);
            }
        }
    }

    private sealed class Sleep(ITimer timer, Action wake) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

        public void Dispose()
        {
            wake();
            timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            wake();
            return timer.DisposeAsync();
        }
    }
}
