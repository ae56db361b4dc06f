using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>Where the text of a licence is, by the identifiers of the Hugging Face hub (https://huggingface.co/docs/hub/repositories-licenses).</summary>
internal static class LicensePages
{
    private const string Hub = "hf://";

    private static readonly Dictionary<string, string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["apache-2.0"] = "https://www.apache.org/licenses/LICENSE-2.0",
        ["mit"] = "https://opensource.org/license/mit",
        ["bsd-3-clause"] = "https://opensource.org/license/bsd-3-clause",
        ["cc-by-4.0"] = "https://creativecommons.org/licenses/by/4.0/",
        ["cc-by-nc-4.0"] = "https://creativecommons.org/licenses/by-nc/4.0/",
        ["cc-by-sa-4.0"] = "https://creativecommons.org/licenses/by-sa/4.0/",
        ["gemma"] = "https://ai.google.dev/gemma/terms",
        ["llama2"] = "https://ai.meta.com/llama/license/",
        ["llama3"] = "https://www.llama.com/llama3/license/",
        ["llama3.1"] = "https://www.llama.com/llama3_1/license/",
        ["llama3.2"] = "https://www.llama.com/llama3_2/license/",
        ["llama3.3"] = "https://www.llama.com/llama3_3/license/",
    };

    /// <summary>The page of a licence; the model's own page on the hub when the licence is not known, null when there is none either.</summary>
    public static string? Of(ModelReference model) =>
        model.License is { } license && Known.TryGetValue(license.Id, out var page) ? page
        : model.Source.StartsWith(Hub, StringComparison.Ordinal) && model.Source[Hub.Length..].Split('/') is [var owner, var repository, _, ..] ? $"https://huggingface.co/{owner}/{repository}"
        : null;
}
