using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests;

/// <summary>A clock whose time of day can be set wrong while time itself goes on as it does.</summary>
internal sealed class JumpingClock() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    public TimeSpan WallClockIsWrongBy { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + WallClockIsWrongBy;

    // The fake clock derives this from the time of day; a real one does not.
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
