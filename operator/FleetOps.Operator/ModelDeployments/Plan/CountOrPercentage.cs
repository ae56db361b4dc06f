using System.Globalization;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>A number of workers or a percentage of them, which Kubernetes takes as a number and as text.</summary>
internal static class CountOrPercentage
{
    /// <summary>Whether it is in form: digits, with or without a percent sign.</summary>
    public static bool IsValid(string text)
    {
        var digits = text.AsSpan();
        if (digits is [.., '%'])
        {
            digits = digits[..^1];
        }

        return digits.Length is > 0 and <= 4 && !digits.ContainsAnyExceptInRange('0', '9');
    }

    public static bool IsZero(string text) => text is "0" or "0%";

    public static IntOrString Parse(string text) =>
        text is [.., '%'] ? text : int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
