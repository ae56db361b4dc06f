using System.Globalization;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Amounts that change all the time, for status.</summary>
internal static class Rounded
{
    /// <summary>The amount to two digits; null for none, and for what is no amount.</summary>
    public static long? TwoDigits(double? amount)
    {
        if (amount is not { } value || !(value is > 0 and < long.MaxValue / 10))
        {
            return null;
        }

        var unit = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(value)) - 1));
        return (long)(Math.Round(value / unit) * unit);
    }

    /// <summary>A time for people: 50s, 4m, 3h, 2d.</summary>
    public static string? Time(long? seconds) => seconds switch
    {
        null => null,
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
        < 2 * 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m"),
        < 48 * 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600}h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86400}d"),
    };

    /// <summary>A share in whole percents; null while the whole is not known.</summary>
    public static string? Percent(long? part, long? whole) =>
        part is { } there && whole is { } all and > 0 ? string.Create(CultureInfo.InvariantCulture, $"{(long)(100.0 * there / all)}%") : null;
}
