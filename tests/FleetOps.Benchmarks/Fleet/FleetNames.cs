using System.Globalization;

namespace FleetOps.Benchmarks.Fleet;

/// <summary>Names and specs of the ModelDeployments of a run.</summary>
internal static class FleetNames
{
    /// <summary>Namespaces that the fleet is spread over.</summary>
    public const int Namespaces = 20;

    /// <summary>Where every contender warms up, outside what is measured.</summary>
    public const string WarmUp = "bench-warm-up";

    /// <summary>The namespaces of the fleet.</summary>
    public static IEnumerable<string> All => Enumerable.Range(0, Namespaces).Select(Namespace);

    public static string NamespaceOf(int index) => Namespace(index % Namespaces);

    public static string NameOf(int index) => string.Create(CultureInfo.InvariantCulture, $"llama-3-1-8b-{index:00000}");

    public static string ModelPath(string ns, string? name = null) => $"apis/fleetops.dev/v1alpha1/namespaces/{ns}/modeldeployments{(name is null ? "" : "/" + name)}";

    /// <summary>A ModelDeployment as a user would write it.</summary>
    public static string Manifest(string name) =>
        $$$"""
        {"apiVersion":"fleetops.dev/v1alpha1","kind":"ModelDeployment","metadata":{"name":"{{{name}}}","labels":{"team":"bench"}},
         "spec":{"model":{"source":"hf://bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf","revision":"main","credentialsSecretRef":{"name":"hf"}},
         "engine":{"contextLength":8192,"maxSequences":16},"resources":{"gpus":1,"cpu":"4","memory":"16Gi"},"replicas":2}}
        """;

    private static string Namespace(int number) => string.Create(CultureInfo.InvariantCulture, $"bench-{number:00}");
}
