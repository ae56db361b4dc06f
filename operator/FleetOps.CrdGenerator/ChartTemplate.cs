using System.Text;
using System.Text.Json.Nodes;

namespace FleetOps.CrdGenerator;

/// <summary>
/// A CustomResourceDefinition as a Helm template. Helm's own <c>crds/</c> folder is installed once and never upgraded; a template is
/// upgraded with the release, and the keep policy saves it and every ModelDeployment when the release is removed.
/// </summary>
internal static class ChartTemplate
{
    private const string Annotations =
        """
          {{- if .Values.crds.keep }}
          annotations:
            helm.sh/resource-policy: keep
          {{- end }}
        """;

    public static string From(JsonNode definition)
    {
        var yaml = Yaml.Write(definition);
        if (yaml.Contains("{{", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("The CRD contains '{{', which Helm would read as an action: reword the pattern or the text.");
        }

        var lines = yaml.TrimEnd('\n').Split('\n');
        var output = new StringBuilder("{{- /* Generated from the types of FleetOps.Api by `make crds`; do not edit. */ -}}\n{{- if .Values.crds.enabled }}\n");
        int? rules = null;
        foreach (var line in lines)
        {
            var indent = line.Length - line.TrimStart(' ').Length;
            if (rules is { } start && (indent < start || (indent == start && !line.AsSpan(indent).StartsWith("- "))))
            {
                output.Append("{{- end }}\n");
                rules = null;
            }

            // API servers before 1.25 do not know the field, and Helm refuses what the server does not know.
            if (rules is null && line.AsSpan(indent).StartsWith("x-kubernetes-validations:"))
            {
                output.Append("{{- if semverCompare \">=1.25.0-0\" .Capabilities.KubeVersion.Version }}\n");
                rules = indent;
            }

            output.Append(line).Append('\n');
            if (line == "metadata:")
            {
                output.Append(Annotations.ReplaceLineEndings("\n")).Append('\n');
            }
        }

        if (rules is not null)
        {
            output.Append("{{- end }}\n");
        }

        return output.Append("{{- end }}\n").ToString();
    }
}
