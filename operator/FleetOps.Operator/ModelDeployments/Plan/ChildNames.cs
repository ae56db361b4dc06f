using System.Security.Cryptography;
using System.Text;
using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// Names of the children. A ModelDeployment's name may have 253 characters and dots; a Service's may not, so that names that do not
/// fit are shortened and end in a hash of the whole.
/// </summary>
internal sealed record ChildNames
{
    private const int LabelLength = 63;
    private const int HashLength = 10;

    public required string Deployment { get; init; }

    public required string Service { get; init; }

    public required string HeadlessService { get; init; }

    public required string ServiceAccount { get; init; }

    /// <summary>Value of the label that selects the worker pods.</summary>
    public required string ModelLabel { get; init; }

    public static ChildNames For(string name)
    {
        var hash = IsDnsLabel(name) ? "" : Hash(name);
        var service = DnsLabel(name, hash);
        var headless = name + "-headless";
        return new()
        {
            Deployment = service,
            Service = service,
            HeadlessService = IsDnsLabel(headless) ? headless : DnsLabel(headless, Hash(headless)),
            ServiceAccount = service,
            ModelLabel = name.Length <= LabelLength ? name : Shortened(name, hash),
        };
    }

    /// <summary>The selector of the worker pods as text.</summary>
    public string Selector => $"{Labels.Model}={ModelLabel}";

    // RFC 1035, as Service names must be: lower-case letters, digits and '-', a letter first.
    private static bool IsDnsLabel(string name) =>
        name.Length <= LabelLength && char.IsAsciiLetterLower(name[0]) && !name.Contains('.', StringComparison.Ordinal);

    private static string DnsLabel(string name, string hash)
    {
        if (IsDnsLabel(name))
        {
            return name;
        }

        var label = name.Replace('.', '-');
        return Shortened(char.IsAsciiLetterLower(label[0]) ? label : "m-" + label, hash);
    }

    private static string Hash(string whole) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)).AsSpan(0, HashLength / 2));

    private static string Shortened(string text, string hash)
    {
        var room = LabelLength - HashLength - 1;
        return string.Concat(text.AsSpan(0, Math.Min(text.Length, room)).TrimEnd("-."), "-", hash);
    }
}
