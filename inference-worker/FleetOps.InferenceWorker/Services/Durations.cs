using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Checks durations of requests, which may hold any numbers.</summary>
internal static class Durations
{
    private const int NanosecondsPerTick = 100;

    /// <summary>Notes a duration that is none or lies outside a range. Only one without a note may be converted.</summary>
    public static void Check(string field, Duration? value, TimeSpan least, TimeSpan most, FieldViolations violations)
    {
        if (value is null)
        {
            return;
        }

        var seconds = value.Seconds + (value.Nanos / 1e9);
        var wellFormed = Math.Abs((long)value.Nanos) < 1_000_000_000 && (value.Seconds == 0 || value.Nanos == 0 || (value.Seconds < 0) == (value.Nanos < 0));
        if (!wellFormed || seconds < least.TotalSeconds || seconds > most.TotalSeconds || (value.Seconds == 0 && value.Nanos < NanosecondsPerTick))
        {
            violations.Add(field, string.Create(CultureInfo.InvariantCulture, $"is {seconds} s; it must be at least {least.TotalSeconds} s and at most {most.TotalSeconds} s."));
        }
    }
}
